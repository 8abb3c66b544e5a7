"""The output of ``inspector emit``, and the saved actions it sends."""
