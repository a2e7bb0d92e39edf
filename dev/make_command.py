"""Write the console command `sealed-llm` and the path file into the environment that runs this: the project is not installed.

The same as what pip makes of `[project.scripts]` in pyproject.toml, but for the checkout as it stands.
"""

from __future__ import annotations

import site
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = """#!{python}
from app.__main__ import leave, main

if __name__ == "__main__":
    leave(main())
"""

if __name__ == "__main__":
    Path(site.getsitepackages()[0], "sealed-llm.pth").write_text(f"{ROOT}\n")
    command = Path(sys.executable).with_name("sealed-llm")
    command.write_text(SCRIPT.format(python=sys.executable))
    command.chmod(0o755)
    sys.stdout.write(f"{command}\n")
