"""`python -m android_bench` is `facekp-bench`."""

from android_bench.cli import main

if __name__ == "__main__":
    main()
