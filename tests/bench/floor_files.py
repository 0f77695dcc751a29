"""What `traces list -n 100` has to read of a file store, in Python: the time of every trace, then the newest whole.

    python3 -I -S floor_files.py MLRUNS
"""
import os
import sys

newest = []
root = sys.argv[1]
for experiment in os.listdir(root):
    traces = f"{root}/{experiment}/traces"
    for trace in os.listdir(traces) if os.path.isdir(traces) else ():
        file = os.open(f"{traces}/{trace}/trace_info.yaml", os.O_RDONLY)
        info = os.read(file, 1 << 20)
        os.close(file)
        newest.append((int(info.rpartition(b"timestamp_ms:")[2].split(None, 1)[0]), f"{traces}/{trace}"))
newest.sort(reverse=True)
for _, folder in newest[:100]:
    for part in ("tags", "request_metadata"):
        for name in os.listdir(f"{folder}/{part}"):
            with open(f"{folder}/{part}/{name}", "rb") as file:
                print(name, file.read())
