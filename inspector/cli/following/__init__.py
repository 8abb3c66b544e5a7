"""Commands that follow a bin: what arrives there, and what a program makes of it."""
