"""The operator's door: health and status of the process and its channels."""
