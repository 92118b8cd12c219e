"""Every way of tuning an encoder: which of its weights learn, or what is added to it that learns."""
