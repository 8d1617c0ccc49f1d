package grader::intake::Judge;

# Inspects the object files of a submission before they are linked: the symbols that they define and need, and their sections.
# It runs nothing of them.
#
# It refuses things that help a cheat but not an allocator: other processes, other programs, the network, a search of functions
# by name, code of its own that runs before the C library is set up. It notes things that are only odd, for a person to read.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

# The three calls; a backend defines them all, and nothing else of it can be seen from outside.
my @CALLS = qw(xmalloc xfree xrealloc);

# Memory of the C library. The assignment is to write this.
my %LIBRARY_MEMORY = map { $_ => 1 }
  qw(malloc calloc realloc reallocarray free cfree aligned_alloc posix_memalign memalign
  valloc pvalloc sbrk brk __sbrk __libc_malloc __libc_calloc __libc_realloc __libc_free __libc_memalign __libc_valloc
  __libc_pvalloc __libc_reallocarray);

my %REFUSED = _by_name(
    'starts or traces processes' => [
        qw(fork vfork _Fork clone clone3 posix_spawn posix_spawnp system popen daemon forkpty setsid ptrace
          execl execle execlp execv execve execvp execvpe execveat fexecve process_vm_readv process_vm_writev)
    ],
    'signals other processes'    => [qw(kill killpg tgkill tkill sigqueue pidfd_send_signal)],
    'looks up functions by name' =>
      [qw(dlopen dlmopen dlsym dlvsym dl_iterate_phdr dladdr dladdr1 dlinfo _dl_find_object _r_debug _DYNAMIC)],
    'talks to others' =>
      [qw(socket socketpair connect bind listen accept accept4 sendto sendmsg getaddrinfo gethostbyname)],
    'asks which program runs' => [qw(program_invocation_name program_invocation_short_name __progname __progname_full)],
    'takes over control'      =>
      [qw(setjmp longjmp _longjmp siglongjmp makecontext setcontext swapcontext __libc_start_main)],
);

# What our own programs define: main, and all in programs/.
my $OF_THE_PROGRAM = qr/\A(?:main|search|fail|fail_no_memory|failure_names_program|
  (?:answer|crew|digest|ivec|list|options|queue|trajectory)_\w+)\z/x;

# A weak name that neither a file of a submission nor a library defines stays undefined, although a program of ours may have one of
# that name, and the submission could tell by it where it is: it is called so, which no program can.
my $NOBODYS = 'nobodys.';

# But for those that come with the compiler, the linker and the tools, which are in no list of names: of C++, of a section's ends, of
# the start files, of sanitizers.
my $OF_THE_TOOLS =
  qr/\A(?:_Z | __(?:cxa|gxx|start|stop|[atlm]san|ubsan|sanitizer)_ | _ITM_ | __gmon_start__ | _(?:init|fini)\z)/x;

# Where the linker put the parts of a program, and where the program begins: programs differ in that, and an allocator needs
# none of it. It is noted, since what brk(2) manages begins at end.
my $OF_THE_LINKER = qr/\A(?:_{0,2}(?:etext|edata|end) | __executable_start | __ehdr_start | __bss_start | _start |
  (?:__)?data_start | __(?:preinit|init|fini)_array_(?:start|end))\z/x;

# Noted: there are honest reasons, but also others, and the sandbox contains what comes of it. What it cannot contain is refused.
my %ODD = map { $_ => 1 } qw(setenv putenv unsetenv clearenv setrlimit setrlimit64 prlimit prlimit64 setitimer alarm
  timer_create seccomp personality exit _exit _Exit quick_exit atexit on_exit syscall open openat fopen creat read write pread
  pwrite dup dup2 fcntl ioctl printf puts putchar sleep usleep nanosleep clock_nanosleep mprotect pkey_mprotect memfd_create
  shm_open prctl getauxval sigaction signal sched_setaffinity pthread_setaffinity_np unlink rename getenv environ
  __environ _environ strdup __strdup strndup getline getdelim open_memstream asprintf vasprintf);

# What an allocator may well ask for. Whatever else it asks for is noted by its name: a list of what is odd would never end.
my $USUAL = qr/\A(?:
    mem(?:cpy|move|set|cmp|chr|pcpy) | str(?:len|cmp|ncmp|error|chr) | bzero
  | m(?:map|unmap|remap|advise|incore|lock|unlock)(?:64)? | posix_madvise | sysconf | getpagesize | get_nprocs
  | pthread_(?!getname_np)\w+ | sem_\w+ | mtx_\w+ | cnd_\w+ | thrd_\w+ | tss_\w+ | call_once | sched_yield | sched_getcpu | gettid
  | clock | clock_gettime | time | rand | random | rand_r
  | abort | assert | perror | f?printf | fputs | fwrite | fflush | stderr | stdout | v?snprintf | sprintf
  | ffs\w* | log2?f? | log10 | ceilf? | floorf? | pow | sqrt | abs | qsort | bsearch
  | __(?:errno_location|assert\w*|stack_chk_fail|tls_get_addr|tsan_\w+|atomic_\w+|sync_\w+|register_atfork|\w+_chk)
  | _Z\w+ | __[a-z]+[sdt]i[234] | __cpu_(?:model|indicator_init|features2) | __(?:cxa|gxx|gcc|aarch64)_\w+ | _Unwind_\w+ | __dso_handle | _GLOBAL_OFFSET_TABLE_
)\z/x;

sub _by_name (%names_of) {
    my %why;
    for my $why ( keys %names_of ) { $why{$_} = $why for @{ $names_of{$why} } }
    return %why;
}

# Sections that the compiler makes of ordinary C. A .preinit_array or .init is none of them.
my $USUAL_SECTION =
  qr/\A(?:[.](?:text|data|bss|rodata|tdata|tbss|init_array|fini_array|ctors|dtors|comment|note|eh_frame|
  debug_\w+|llvm_addrsig|rela?|symtab|strtab|shstrtab|group|data[.]rel[.]ro|line)(?:[.].*)?|)\z/x;

# Those that the linker or the start of a program gives a meaning of its own. Others that begin alike mean nothing (.init.text), and a
# warning of the linker (.gnu.warning.NAME) is one.
my $FORBIDDEN_SECTION = qr/\A[.](?:rela?[.])?
  (?:preinit_array(?:[.].*)? | init | fini | interp | dynamic | i?plt(?:[.](?:got|sec))? | i?got(?:[.]plt)? |
  gnu[.](?!warning[.])\w.*)\z/x;

# $facts: of facts(). Result: { refused => [sentences], memory => [names of the C library's calls], odd => [sentences],
# missing => [calls that are not defined] }
sub judge ($facts) {
    my ( @refused, @odd, @places );
    my %because;
    for my $name ( grep { index( $_, $NOBODYS ) != 0 } sort keys %{ $facts->{asked} } ) {
        my $why =
          $name =~ $OF_THE_PROGRAM ? 'calls what programs of ours define, and does not define it' : $REFUSED{$name};
        push @{ $because{$why} }, $name if defined $why;
        push @places,             $name if $name =~ $OF_THE_LINKER;
        push @odd, "it calls $name"
          if $ODD{$name} || !defined $why && !_is_memory($name) && $name !~ $USUAL && $name !~ $OF_THE_LINKER;
    }
    push @odd, 'it asks which program runs: ' . join ', ', @places if @places;
    push @refused, map { "it $_: " . join ', ', @{ $because{$_} } } sort keys %because;
    push @refused, map { "$_ is chosen by a function that runs before the program starts (an ifunc)" }
      grep { !_is_clone( $facts, $_ ) } sort keys %{ $facts->{ifuncs} };
    push @odd,
      map { "$_ has versions for several processors" } grep { _is_clone( $facts, $_ ) } sort keys %{ $facts->{ifuncs} };
    push @refused, 'it enters the system past the C library: ' . join ', ', sort keys %{ $facts->{bare_calls} }
      if %{ $facts->{bare_calls} // {} };
    for my $section ( sort keys %{ $facts->{sections} } ) {
        if    ( $section =~ $FORBIDDEN_SECTION ) { push @refused, "it has a section $section" }
        elsif ( $section !~ $USUAL_SECTION )     { push @odd,     "it has a section $section" }
        elsif ( $section =~ /\A[.](?:init_array|ctors|fini_array|dtors)/ ) {
            push @odd, "it has code that runs before or after main ($section)";
        }
    }
    return {
        refused => \@refused,
        odd     => \@odd,
        memory  => [ _library_memory( keys %{ $facts->{asked} } ) ],
        missing => [ grep { !$facts->{defined}{$_} } @CALLS ],
    };
}

# Of C++: operator new and delete, in all their forms.
my $CXX_MEMORY = qr/\A_Z(nw|na|dl|da)[A-Z]/;
my %CXX_NAME   = ( nw => 'new', na => 'new[]', dl => 'delete', da => 'delete[]' );

sub _library_memory (@asked) {
    my %calls =
      map { $_ =~ $CXX_MEMORY ? ( "operator $CXX_NAME{$1}" => 1 ) : $LIBRARY_MEMORY{$_} ? ( $_ => 1 ) : () } @asked;
    my @calls = sort keys %calls;
    return @calls;
}

# Whether the compiler made an ifunc of a function for several processors (target_clones; clang adds .ifunc to its name, gcc before
# version 12 numbers the plain one). It chooses one with code of its own,
# and runs nothing of the submission before the C library is set up. Whoever gives a function of his own those names gains
# no more than with a constructor, and both are noted; but the three calls are what is measured.
sub _is_clone ( $facts, $name ) {
    my $plain = $name =~ s/[.]ifunc\z//r;
    return $facts->{clones}{$plain} && !grep { $_ eq $plain } @CALLS;
}

sub _is_memory ($name) { return $LIBRARY_MEMORY{$name} || $name =~ $CXX_MEMORY }

sub calls () { return @CALLS }

# Reads what readelf prints (--wide --symbols --section-headers --file-header) of one object. Result: { defined => {global name
# => 1}, of them those that may be defined again => {common}, asked => {undefined name => 1}, ifuncs => {name => 1}, clones => {name that has a resolver and a plain version, as the compiler calls them => 1}, sections => {name => 1}, relocatable => whether it is an
# object file }.
sub facts ($listing) {
    my %facts = ( defined => {}, common => {}, asked => {}, ifuncs => {}, clones => {}, sections => {} );
    my %versions;
    $listing =~ tr/\x00-\x08\x0b-\x1f\x7f/?/;    # an object may have any bytes for a name, and people read it
    $facts{relocatable} = $listing =~ /^\s+Type:\s+REL\b/m;
    for my $line ( split /\n/, $listing ) {
        if ( $line =~ /\A\s*\[\s*\d+\]\s(\S*)\s/ ) {
            $facts{sections}{$1} = 1;
        }
        elsif ( $line =~
            /\A\s*\d+:\s+[0-9a-f]+\s+\S+\s+(\w+|<OS specific>: 10)\s+(\w+)\s+\w+.*?\s(UND|ABS|COM|\d+)\s+(\S+)\s*\z/ )
        {
            my ( $binding, $where, $versioned ) = ( $2, $3, $4 );
            my $type = $1 =~ s/\A<OS specific>: 10\z/IFUNC/r;  # of clang, which does not say that its object is for GNU
            my $name = $versioned =~ s/\@.*//r;
            $versions{$1}{$2} = 1 if $type eq 'FUNC' && $name =~ /\A(\w+)[.](resolver|default)(?:[.]\d+)?\z/;
            next if $binding eq 'LOCAL' && $type ne 'IFUNC';
            $facts{ifuncs}{$name} = 1 if $type eq 'IFUNC';
            if   ( $where eq 'UND' ) { $facts{asked}{$name}   = 1 }
            else                     { $facts{defined}{$name} = 1 }
            $facts{common}{$name} = 1 if $where eq 'COM' || $binding eq 'WEAK';
        }
    }
    $facts{clones}{$_} = 1 for grep { keys %{ $versions{$_} } == 2 } keys %versions;
    return \%facts;
}

# The weak names that nobody defines, and what they shall be called: (name => name, ...). $library: { name => 1 }, what the system's
# libraries define.
sub nobodys ( $facts, $library ) {
    return map { $_ => "$NOBODYS$_" }
      grep     { $facts->{common}{$_} && !$library->{$_} && $_ !~ $OF_THE_TOOLS && $_ !~ $OF_THE_LINKER }
      sort keys %{ $facts->{asked} };
}

# The instructions that enter the system without the C library (x86, arm64, riscv64), in what objdump -d --no-show-raw-insn
# prints: { name => 1 }.
sub bare_calls ($listing) {
    return { map { $_ => 1 } $listing =~ /^\s+[0-9a-f]+:\s+(syscall|sysenter|int\s+\$0x80|svc|ecall)\b/mg };
}

# What one object asks for and another does not, and what tells of other code: a compiler leaves memcpy, abort or a check of
# the stack in one flavour and out of the other.
sub only_in ( $facts, $other ) {
    return grep { _tells($_) && !$other->{asked}{$_} && !$other->{defined}{$_} } sort keys %{ $facts->{asked} };
}

sub _tells ($name) {
    return
         $LIBRARY_MEMORY{$name}
      || $name =~ $CXX_MEMORY
      || $REFUSED{$name}
      || $ODD{$name}
      || $name =~ $OF_THE_PROGRAM
      || $name =~ $OF_THE_LINKER
      || $name =~ /\A(?:pthread_|sem_|mtx_|cnd_|thrd_|tss_|call_once|__(?:sanitizer|lsan|asan)_)/;
}

# The facts of several objects that are linked together.
sub together (@facts) {
    my %all = ( relocatable => 1 );
    for my $facts (@facts) {
        for my $kind (qw(defined common asked ifuncs clones sections)) {
            $all{$kind}{$_} = 1 for keys %{ $facts->{$kind} };
        }
    }
    delete @{ $all{asked} }{ keys %{ $all{defined} } };
    return \%all;
}

1;
