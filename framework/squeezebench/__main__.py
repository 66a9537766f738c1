"""``python -m squeezebench``."""

from squeezebench.cli.main import main

if __name__ == "__main__":
    main()
