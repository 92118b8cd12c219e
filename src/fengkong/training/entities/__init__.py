"""Named entities while training: spans to tags of tokens, the losses over them, a dictionary as the floor."""
