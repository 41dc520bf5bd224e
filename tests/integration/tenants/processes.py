#!/usr/bin/env python3
"""A program of several processes, each with a context of its own.

processes.py spawn|fork|exec|server COUNT   workers; then orders on stdin, answers on stdout
processes.py daemon ORDERS ANSWERS first|later   leaves by double fork and setsid, and uses the device before its parent ends, or after
                                            the first line of the fifo from which its orders come
processes.py produce | processes.py consume numbers computed on the device, summed up on the device by the next in a pipeline

Orders: `take` takes 4 MiB of device memory in turn until all are refused, and answers how often it was given and refused;
`work` runs kernels in every worker; `quit`.
"""
import multiprocessing
import os
import sys
from multiprocessing.connection import Connection

PIECE = 4 << 20
PIPE_BYTES = 8 << 20
KERNELS = """
kernel void iterate(global float *x, int rounds) {
  float v = x[get_global_id(0)];
  for (int i = 0; i < rounds; i++) v = 3.7f * v * (1.0f - v);
  x[get_global_id(0)] = v;
}
kernel void number(global int *x) { x[get_global_id(0)] = get_global_id(0) % 7; }
kernel void add(global const int *in, global int *sum) { atomic_add(sum, in[get_global_id(0)]); }
"""


class Worker:
    def __init__(self):
        import numpy
        import pyopencl as cl
        self.cl, self.numpy = cl, numpy
        self.context = cl.Context([next(d for p in cl.get_platforms() for d in p.get_devices())])
        self.queue = cl.CommandQueue(self.context)
        program = cl.Program(self.context, KERNELS).build()
        self.iterate, self.number, self.add = (cl.Kernel(program, name) for name in ("iterate", "number", "add"))
        self.numbers = cl.Buffer(self.context, cl.mem_flags.READ_WRITE, 4 * 1024)
        cl.enqueue_fill_buffer(self.queue, self.numbers, numpy.float32(0.3), 0, 4 * 1024)
        self.taken = []

    def work(self):
        for _ in range(20):
            self.iterate(self.queue, (1024,), None, self.numbers, self.numpy.int32(2000))
        self.queue.finish()
        return True

    def take(self):
        try:
            piece = self.cl.Buffer(self.context, self.cl.mem_flags.READ_WRITE, PIECE)
            self.cl.enqueue_fill_buffer(self.queue, piece, self.numpy.int32(0), 0, PIECE)
            self.queue.finish()
        except self.cl.MemoryError:
            return False
        self.taken.append(piece)
        return True

    def serve(self, connection):
        connection.send(self.work())
        while (order := connection.recv()) != "quit":
            connection.send(getattr(self, order)())


def serve(connection):
    Worker().serve(connection)


def start(mode, count):
    """The parents' ends of the workers' connections, and how to wait for their end."""
    connections, children = [], []
    for _ in range(count):
        if mode in ("spawn", "fork"):
            context = multiprocessing.get_context(mode)
            ours, theirs = context.Pipe()
            process = context.Process(target=serve, args=(theirs,))
            process.start()
            children.append(lambda process=process: (process.join(), process.exitcode)[1])
        else:
            ours, theirs = multiprocessing.Pipe()
            pid = os.fork()
            if pid == 0:
                if mode == "exec":
                    os.set_inheritable(theirs.fileno(), True)
                    os.execv(sys.executable, [sys.executable, __file__, "worker", str(theirs.fileno())])
                serve(theirs)
                os._exit(0)
            children.append(lambda pid=pid: os.waitpid(pid, 0)[1])
        connections.append(ours)
    return connections, children


def ask(connection, order):
    connection.send(order)
    return connection.recv()


def obey(workers, orders, answers):
    """`workers`: a function for each, from order to result."""
    print("ready", file=answers, flush=True)
    for order in orders:
        order = order.strip()
        if order == "quit":
            break
        if order == "take":
            given, refused, asking = 0, 0, list(workers)
            while asking:
                for worker in list(asking):
                    if worker("take"):
                        given += 1
                    else:
                        refused += 1
                        asking.remove(worker)
            print("given", given, "refused", refused, file=answers, flush=True)
        else:
            print(all(worker(order) for worker in workers), file=answers, flush=True)


def parent(mode, count):
    connections, children = start(mode, count)
    for connection in connections:
        assert connection.recv()
    workers = [lambda order, c=c: ask(c, order) for c in connections]
    if mode == "server":
        own = Worker()
        own.work()
        workers.append(lambda order: getattr(own, order)())
    obey(workers, sys.stdin, sys.stdout)
    for connection in connections:
        connection.send("quit")
    return max(end() for end in children)


def daemon(orders, answers, uses_device):
    ready, is_ready = os.pipe()
    if os.fork() != 0:
        os.close(is_ready)
        os.read(ready, 1)  # as a service tells that it is up
        return 0
    os.setsid()
    if os.fork() != 0:
        os._exit(0)
    if uses_device == "later":
        os.close(is_ready)
        open(orders).readline()
    try:
        worker = Worker()
    except StopIteration:
        print("no devices", file=open(answers, "w"))
        return 1
    worker.work()
    os.close(is_ready)
    with open(answers, "w") as to:
        obey([lambda order: getattr(worker, order)()], open(orders), to)
    return 0


def produce():
    worker = Worker()
    numbers = worker.cl.Buffer(worker.context, worker.cl.mem_flags.READ_WRITE, PIPE_BYTES)
    worker.number(worker.queue, (PIPE_BYTES // 4,), None, numbers)
    host = worker.numpy.empty(PIPE_BYTES // 4, worker.numpy.int32)
    worker.cl.enqueue_copy(worker.queue, host, numbers)
    sys.stdout.buffer.write(host.tobytes())  # more than a pipe holds: both are there at the same time
    return 0


def consume():
    worker = Worker()
    numbers = worker.cl.Buffer(worker.context, worker.cl.mem_flags.READ_WRITE, PIPE_BYTES)
    worker.cl.enqueue_fill_buffer(worker.queue, numbers, worker.numpy.int32(0), 0, PIPE_BYTES)
    worker.queue.finish()
    host = worker.numpy.frombuffer(sys.stdin.buffer.read(), worker.numpy.int32)
    total = worker.cl.Buffer(worker.context, worker.cl.mem_flags.READ_WRITE, 4)
    worker.cl.enqueue_fill_buffer(worker.queue, total, worker.numpy.int32(0), 0, 4)
    worker.cl.enqueue_copy(worker.queue, numbers, host)
    worker.add(worker.queue, host.shape, None, numbers, total)
    result = worker.numpy.zeros(1, worker.numpy.int32)
    worker.cl.enqueue_copy(worker.queue, result, total)
    print("sum", result[0])
    return 0


def main():
    mode, arguments = sys.argv[1], sys.argv[2:]
    if mode == "worker":
        return serve(Connection(int(arguments[0])))
    if mode == "daemon":
        return daemon(*arguments)
    if mode in ("produce", "consume"):
        return {"produce": produce, "consume": consume}[mode]()
    return parent(mode, int(arguments[0]))


if __name__ == "__main__":
    sys.exit(main())
