"""``python -m inspector``: the command, where its folder is not on the path."""

from inspector.cli import main

if __name__ == "__main__":
    main()
