"""What the glue of PyTorch and of TensorFlow has in common: which instruction set oneDNN really uses.

oneDNN states it once, on standard output, when it first runs something with ONEDNN_VERBOSE set. There is no other public way to ask.
"""

ONEDNN = r'''
import os

def printed(act):
    """What native code writes on standard output while `act` runs."""
    import tempfile
    with tempfile.TemporaryFile() as file:
        kept = os.dup(1)
        os.dup2(file.fileno(), 1)
        try:
            act()
        finally:
            os.dup2(kept, 1)
            os.close(kept)
        file.seek(0)
        return file.read().decode(errors="replace")

def onednn_isa(said):
    """The instruction set in oneDNN's own words."""
    import re
    found = re.search(r"onednn_verbose.*,cpu,isa:(?:Intel )?(.*)", said)
    return found[1].strip() if found else "not stated"
'''
