"""The embedded AWS behind `repave demo` and the end-to-end tests: an emulator in a process of its own."""
