"""`python -m controller` is the `repave` command."""

from controller.cli import main

if __name__ == "__main__":
    main()
