"""What the machine and its processes do: disk, load, CPU time, memory, ports."""
import os
import pathlib
import socket
import statistics
import time

BLOCK_BYTES = 4096
CLOCK_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def fdatasync_rate(folder, seconds=1.0):
    """Overwrites of one 4 KB block, each made durable, per second in this folder."""
    path = pathlib.Path(folder) / "fdatasync.probe"
    block = os.urandom(BLOCK_BYTES)
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        os.pwrite(fd, block, 0)
        os.fsync(fd)
        count, start = 0, time.monotonic()
        while time.monotonic() - start < seconds:
            os.pwrite(fd, block, 0)
            os.fdatasync(fd)
            count += 1
        return count / (time.monotonic() - start)
    finally:
        os.close(fd)
        path.unlink()


def load_average():
    return os.getloadavg()[0]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_open(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(what, condition, seconds_max=60.0, every_s=0.005):
    deadline = time.monotonic() + seconds_max
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"did not happen within {seconds_max} s: {what}")
        time.sleep(every_s)


def _stat(pid):
    # The name in parentheses may hold anything; what follows it is separated by spaces.
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def children(pid):
    """The processes below pid, itself excluded."""
    found = []
    try:
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                found += [child, *children(child)]
    except (FileNotFoundError, ProcessLookupError):
        pass  # it ended meanwhile
    return found


def cpu_seconds(pid):
    """User and system time of pid."""
    return sum(map(int, _stat(pid)[11:13])) / CLOCK_TICKS_PER_S


def cpu_seconds_of_tree(pid):
    """The same of pid, all that lives below it, and all that ended below it."""
    total = 0
    for each in [pid, *children(pid)]:
        try:
            total += sum(map(int, _stat(each)[11:15]))
        except FileNotFoundError:
            continue  # it ended meanwhile; its parent has its time
    return total / CLOCK_TICKS_PER_S


def status_mb(pid, name):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"/proc/{pid}/status has no {name}")


def peak_resident_mb(pid):
    return status_mb(pid, "VmHWM")


def resident_mb(pid):
    return status_mb(pid, "VmRSS")


def median(values):
    return statistics.median(values)
