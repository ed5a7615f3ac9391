"""The last resort where no Redis exists for the machine: `python -m core.stack.redis_stand_in <port>`."""

import sys

from fakeredis import TcpFakeServer

if __name__ == "__main__":
    TcpFakeServer(("127.0.0.1", int(sys.argv[1])), server_type="redis").serve_forever()
