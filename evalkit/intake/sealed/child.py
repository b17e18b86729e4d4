"""What the child process runs: `python -I -S child.py`. Python's own library comes first on its path."""

import os
import sys

if __name__ == "__main__":
    sys.path.append(os.path.abspath(os.path.join(os.path.dirname(__file__), *[os.pardir] * 3)))

    from evalkit.intake.sealed.confined import main

    main()
