# SPDX-License-Identifier: Apache-2.0
"""A relay of TCP connections between the guest and the target, which resets them, stalls, and loses
what one side has sent."""
import selectors
import socket
import struct
import threading
import time


class Relay(threading.Thread):
    """Listens at a port of 127.0.0.1 (self.port) and connects to target_port for each who comes."""

    def __init__(self, target_port):
        super().__init__(daemon=True)
        self.target_port = target_port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.peers = {}
        self.lock = threading.Lock()
        self.stalled_until = 0.0
        self.open = True
        self.start()

    def run(self):
        while self.open:
            if time.monotonic() < self.stalled_until:
                time.sleep(0.05)
                continue
            for key, _ in self.selector.select(timeout=0.2):
                with self.lock:
                    if key.fileobj is self.listener:
                        self.accept()
                    elif key.fileobj in self.peers:
                        self.carry(key.fileobj)

    def accept(self):
        guest, _ = self.listener.accept()
        try:
            target = socket.create_connection(("127.0.0.1", self.target_port), timeout=5)
        except OSError:
            self.reset(guest)
            return
        target.settimeout(20)
        guest.settimeout(20)
        self.peers[guest], self.peers[target] = target, guest
        for end in (guest, target):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.selector.register(end, selectors.EVENT_READ)

    def carry(self, end):
        try:
            data = end.recv(1 << 17)
            if data:
                self.peers[end].sendall(data)
                return
        except OSError:
            pass
        self.end(end)

    def end(self, end):
        for one in (end, self.peers.pop(end)):
            self.peers.pop(one, None)
            self.selector.unregister(one)
            self.reset(one)

    @staticmethod
    def reset(end):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        end.close()

    def reset_all(self):
        with self.lock:
            for end in list(self.peers):
                if end in self.peers:
                    self.end(end)

    def stall(self, seconds):
        self.stalled_until = time.monotonic() + seconds

    def close(self):
        self.open = False
        self.join()
        self.reset_all()
        self.listener.close()
