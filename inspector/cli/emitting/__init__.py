"""What ``inspector emit`` prints, and the saved actions it sends."""
