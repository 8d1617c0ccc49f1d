"""What tests/torture/mutants asks about a changed allocator: programs that are linked with it, quickest first.

Reach (lines that a check runs) is counted once for a state of the tree: a check that never comes to a line notices no change of it.
What no count tells, as a number outside of functions, is asked of all.
"""

import glob, hashlib, json, os, resource, shutil, signal, subprocess, time

TREE = os.path.abspath(os.path.join(os.path.dirname(__file__), '..', '..'))
FLAGS = ['-std=c11', '-D_GNU_SOURCE', '-I.', '-pthread']
PATIENCE_S = 300     # for a check of the tree as it is
TIMES_AS_LONG = 10   # and for one of a mutant, by the clock: a deadlock uses no CPU time, and a busy machine gives little,
LEAST_S = 10         # but at least that
ABORTS = 'aborts'    # behind the arguments of a program that must end itself
MISUSE = [(way,) for way in ('none-pages', 'none-medium-lost', 'none-large-lost', 'none-medium-given-up', 'none-large-given-up')] + [
    (way, ABORTS) for way in (
        'small-twice', 'medium-twice', 'large-twice', 'medium-inside', 'large-inside', 'medium-overrun-by-one',
        'large-overrun-by-one', 'medium-overrun-by-one-resize', 'large-overrun-by-one-resize', 'medium-overrun-shrunk',
        'large-overrun-shrunk', 'medium-overrun-grown', 'large-overrun-grown', 'medium-string-end', 'large-string-end',
        'medium-in-front', 'medium-written-after-free', 'large-written-after-free', 'kept-overrun-by-one',
        'medium-filled-after-free', 'large-filled-after-free', 'kept-written-after-free', 'medium-string-end-fresh',
        'large-string-end-fresh', 'large-overrun-after-many')]
# Programs of tests/tools that are linked with par: functions that they stand in front of, and arguments, one run each.
TOOLS = {
    'alone': ('span_make', ['']),
    'fork_locks': ('span_make os_purge ' + ' '.join(f'{part}_{do}{"_all" * (part == "depot")}' for do in ('lock', 'unlock')
                                                    for part in ('cache', 'depot', 'region', 'large', 'extent', 'metadata')), ['']),
    'again': ('span_list_give span_list_give_cold', '100 1000 9000 once little goes'.split()),
    'moved': ('mremap', ['']),
    'no_unmap': ('munmap', ['']),
    'believed': ('os_advise_huge', ['']),
    'density': ('os_resident', ['']),
    'steering': ('os_resident extent_addresses_were_limited', ['']),
    'times': ('os_milliseconds region_decay extent_decay region_owe', ['']),
    'first_line': ('', ['']),
    'hopeless': ('', ['']),
    'young': ('', ['']),
    'lines': ('', ['first', 'later']),
    'inside': ('', ['']),
    'few_addresses': ('', ['64 all', '64 data']),
    'sinking': ('', ['']),
    'forked_pages': ('', ['']),
    'signal_fork': ('', ['']),
    'steady': ('getrlimit span_has_block_at', ['']),
    'steps': ('slack_seal', 'few first longer page'.split()),
    'kernel_pages': ('madvise sysconf', ['4', '16', '64']),
    'come_and_go': ('region_take_run region_give_run', 'loops unused handed given scarce twice forked'.split()),
    'bare': ('mmap mremap mincore os_milliseconds', 'calls filled untold limited time'.split()),
    'tails': ('madvise', 'turns alike once cut cut_once'.split()),
    'sparse': ('os_drop', 'others same few stacks buffers'.split()),
    'waits': ('mmap munmap madvise mincore span_list_take span_list_give span_list_give_cold', 'held few owed moved'.split()),
    'pause': ('os_milliseconds', ['']),
    'tear_down': ('depot_give_loose span_list_give_cold', 'calls cold stays'.split()),
    'zeros': ('', ['part', 'sparse']),
    'tables': ('', ['sparse', 'filled']),
    'first_blocks': ('mmap munmap', ['aligned', 'elsewhere']),
    'grown': ('', ['']),
    'consumers': ('', ['']),
    'shortened': ('', ['']),
    'first_pieces': ('', ['']),
    'forked_budget': ('', ['']),
    'addresses': ('', ['']),
    'breathing': ('', ['half', 'all', 'large']),
    'packing': ('', ['']),
    'losses': ('', ['threads', 'records', 'shrinking', 'refusals']),
}


def copy_tree(place):
    """What is compiled; everything that never changes is compiled once."""
    shutil.rmtree(place, ignore_errors=True)
    patterns = ('*.[ch]', 'par/**/*.[ch]', 'interpose/*.[ch]', 'tests/torture/*.[ch]', 'tests/tools/*.[ch]', 'tests/contract/*.[ch]')
    for path in [path for pattern in patterns for path in glob.glob(pattern, recursive=True)]:
        os.makedirs(os.path.dirname(f'{place}/{path}'), exist_ok=True)
        shutil.copy(path, f'{place}/{path}')


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def run(command, seconds, cwd):
    """Whether the command ends well; None when it does not end within so many seconds by the clock, and then it was ended."""
    ends = 0
    if command[-1] == ABORTS:
        command, ends = command[:-1], -signal.SIGABRT
    started = subprocess.Popen(command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        return started.wait(timeout=seconds) == ends
    except subprocess.TimeoutExpired:
        os.killpg(started.pid, signal.SIGKILL)
        started.wait()
        return None


def object_of(source):
    return {'interpose/libpar.c': 'family.o', 'interpose/glibc.c': 'glibc.o'}.get(source, source.replace('/', '_').replace('.c', '.o'))


def all_sources():
    return ['par_alloc.c', 'hw08_alloc.c', 'interpose/libpar.c', 'interpose/glibc.c'] + sorted(glob.glob('par/*.c'))


class Check:
    """Programs to link, and arguments of one run; arguments None: another check starts it."""

    def __init__(self, name, objects, libraries=(), arguments=()):
        self.name, self.objects, self.libraries = name, objects, list(libraries)
        self.arguments = None if arguments is None else list(arguments)
        self.cpu_s = 0       # of the tree as it is
        self.longest_s = PATIENCE_S
        self.lines = None    # those that it runs: {file: set of lines}; None: nobody knows

    def key(self):
        return ' '.join([self.name, *self.arguments])

    def may_notice(self, path, lines, countable):
        """Whether the check runs one of these lines of a file; also when nobody counts them."""
        if self.lines is None or not countable.get(path, set()) & lines:
            return True
        return bool(self.lines.get(path, set()) & lines)


class Checks:
    """Builds programs with a changed allocator in a copy of the tree, and runs them."""

    def __init__(self, place):
        self.place = place
        self.tools = {}      # object: how it is compiled
        self.users = {}      # source: all that it includes
        self.countable = {}  # file: lines that are counted
        objects = os.path.join(TREE, 'build/release')
        torture = [f'{objects}/tests/torture/{name}.o' for name in ('model', 'sequence')]
        random_test = torture + [f'{objects}/tests/torture/{name}.o' for name in ('random', 'episode', 'shrink')]
        failing = torture + [f'{objects}/tests/torture/{name}.o' for name in ('failing', 'faults')]
        suite = glob.glob(f'{objects}/tests/suite/*.o') + glob.glob(f'{objects}/tests/suite/support/*.o') + \
            glob.glob(f'{objects}/programs/*.o')
        family, linked = (f'{objects}/tests/torture/calls_{name}.o' for name in ('malloc', 'xmalloc'))
        check = subprocess.run(['pkg-config', '--libs', 'check'], capture_output=True, text=True).stdout.split()
        small_space = self.tool('contract', 'small_space')
        par, hw08 = ['par_alloc.o', *map(object_of, glob.glob('par/*.c'))], ['hw08_alloc.o']
        whole = par[1:]
        self.par = [
            Check('random-family', random_test + [family, 'family.o'] + whole, [], ['1000000', '4', '1']),
            *[Check(name, [self.tool('tools', name, '-fno-builtin'), 'family.o', 'glibc.o'] + whole, ['-ldl'])
              for name in ('family', 'self_report')],
            Check('random-par', random_test + [linked] + par, [], ['400000', '1', '2']),
            Check('failing-par', failing + [linked] + par, ['-ldl', '-Wl,-E'], ['900']),
            *[Check('misuse', [self.tool('tools', 'misuse')] + par, [], way) for way in MISUSE],
            *[Check(name, [self.tool('tools', name)] + par, [f'-Wl,--wrap={word}' for word in wraps.split()], case.split())
              for name, (wraps, cases) in TOOLS.items() for case in cases],
            Check('small_space-par', [small_space] + par, [], None),
            Check('suite-par', suite + par, check, ['par', 'stop']),
        ]
        self.hw08 = [
            Check('random-hw08', random_test + [linked] + hw08, [], ['4000', '4', '1']),
            Check('failing-hw08', failing + [linked] + hw08, ['-ldl', '-Wl,-E'], ['900', 'anywhere']),
            Check('small_space-hw08', [small_space] + hw08, [], None),
            Check('suite-hw08', suite + hw08, check, ['hw08', 'stop']),
        ]

    # ---- Compiling -----------------------------------------------------------------------------------------------------------

    def tool(self, folder, name, *flags):
        path = f'tool_{name}.o'
        self.tools[path] = (f'tests/{folder}/{name}.c', flags)
        return path

    def start(self, path, source, flags):
        return subprocess.Popen(['gcc', *FLAGS, '-O1', '-w', *flags, '-c', '-o', path, source], cwd=self.place,
                                stderr=subprocess.DEVNULL)

    def compile(self, changed=None):
        """Everything, or what knows a file. Result: the objects that are new, or None when the compiler refuses one."""
        wanted = [(object_of(source), source, ()) for source in all_sources()] + \
            [(path, source, flags) for path, (source, flags) in self.tools.items()]
        if not changed:
            for _, source, _ in wanted:
                told = subprocess.run(['gcc', *FLAGS, '-MM', source], cwd=self.place, capture_output=True, text=True).stdout
                self.users[source] = set(told.replace('\\\n', ' ').split()[1:])
        started = [(path, self.start(path, source, flags)) for path, source, flags in wanted
                   if not changed or changed in self.users[source]]
        codes = [(path, process.wait()) for path, process in started]
        return None if any(code != 0 for _, code in codes) else [path for path, _ in codes]

    def keep(self):
        """The objects of the tree as it is, to come back to after each mutant."""
        self.kept = f'{self.place}/kept'
        os.makedirs(self.kept, exist_ok=True)
        for path in glob.glob(f'{self.place}/*.o'):
            shutil.copy(path, self.kept)

    def move(self, place):
        """To a copy, so that several can be asked at once."""
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(self.place, place)
        self.place, self.kept = place, f'{place}/kept'

    def link(self, check, *more):
        subprocess.run(['gcc', '-pthread', '-o', f'{self.place}/{check.name}', *check.objects, *check.libraries, *more, '-lm'],
                       cwd=self.place, check=True)

    # ---- The tree as it is ---------------------------------------------------------------------------------------------------

    def prove(self, only_link_suites=False):
        """Runs every check on the tree as it is. Result: the name of one that fails, or None."""
        for check in self.hw08 + self.par:
            self.link(check)
            if check.arguments is None or only_link_suites and check.name.startswith('suite-'):
                continue
            started, used = time.monotonic(), cpu_seconds()
            if run([f'{self.place}/{check.name}', *check.arguments], PATIENCE_S, self.place) is not True:
                return check.key()
            check.cpu_s = cpu_seconds() - used
            check.longest_s = max(LEAST_S, TIMES_AS_LONG * (time.monotonic() - started))
        for checks in (self.par, self.hw08):
            checks.sort(key=lambda check: -1 if check.arguments is None else check.cpu_s)
        return None

    def count_reach(self, known_path):
        """Which lines of par each check runs, but for the suites, which come last anyway; kept in a file for this state of the tree."""
        state = hashlib.sha256()
        for path in sorted(glob.glob(f'{self.place}/**/*.[ch]', recursive=True)) + [__file__]:
            state.update(open(path, 'rb').read())
        known = json.load(open(known_path)) if os.path.exists(known_path) else {}
        if known.get('state') != state.hexdigest():
            known = {'state': state.hexdigest(), 'checks': self.counted()}
            json.dump(known, open(known_path, 'w'))
        for check in self.par + self.hw08:
            counts = known['checks'].get(check.arguments is not None and check.key())
            if counts is not None:
                check.lines = {path: {int(line) for line, count in lines.items() if count} for path, lines in counts.items()}
                for path, lines in counts.items():
                    self.countable.setdefault(path, set()).update(map(int, lines))

    def counted(self):
        counting = ['-O0', '--coverage', '-fprofile-update=atomic']
        started = [self.start(object_of(source), source, counting) for source in all_sources()]
        started.append(self.start('coverage_exit.o', 'tests/torture/coverage_exit.c', ()))
        assert all(process.wait() == 0 for process in started), 'mutants: the tree does not compile with --coverage'
        counts = {}
        for check in self.par + self.hw08:
            if check.arguments is None or check.name.startswith('suite-'):
                continue
            self.link(check, '--coverage', 'coverage_exit.o')
            ends_well = run([f'{self.place}/{check.name}', *check.arguments], PATIENCE_S, self.place)
            files = glob.glob(f'{self.place}/*.gcda')
            if ends_well and files:  # else counting disturbs it, so that nobody knows what it runs
                counts[check.key()] = self.gcov(files)
            for path in files:
                os.remove(path)
        for path in glob.glob(f'{self.kept}/*.o'):
            shutil.copy(path, self.place)
        return counts

    def gcov(self, files):
        told = subprocess.run(['gcov', '--json-format', '--stdout', *files], cwd=self.place, capture_output=True, text=True).stdout
        lines = {}
        for report in told.splitlines():
            for file in json.loads(report)['files']:
                if not file['file'].startswith('/'):
                    counts = lines.setdefault(file['file'], {})
                    for line in file['lines']:
                        number = str(line['line_number'])
                        counts[number] = counts.get(number, 0) + line['count']
        return lines

    # ---- A mutant ------------------------------------------------------------------------------------------------------------

    def noticed_by(self, path, text, lines, seconds):
        """Asks about a file with another text that differs in these lines. Result: who notices (`compiler`: nobody need), or None."""
        with open(f'{self.place}/{path}', 'wb') as file:
            file.write(text)
        try:
            changed = self.compile(path)
            return 'compiler' if changed is None else self.ask(path, lines, seconds)
        finally:
            shutil.copy(f'{TREE}/{path}', f'{self.place}/{path}')
            for kept in glob.glob(f'{self.kept}/*.o'):
                shutil.copy(kept, self.place)

    def ask(self, path, lines, seconds):
        end = cpu_seconds() + seconds
        linked = set()
        for check in self.hw08 if path == 'hw08_alloc.c' else self.par:
            if cpu_seconds() > end:
                return None
            if not check.may_notice(path, lines, self.countable):
                continue
            if check.name not in linked:
                self.link(check)
                linked.add(check.name)
            if check.arguments is None:
                continue
            verdict = run([f'{self.place}/{check.name}', *check.arguments], check.longest_s, self.place)
            if verdict is not True:
                return check.key() if verdict is False else check.key() + ' (does not end)'
        return None
