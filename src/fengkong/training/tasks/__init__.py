"""What is to be learnt of a text: one label, several, a number. Targets, loss, dev figures, what is sealed."""
