package grader::speed::Burner;

# A process that keeps one core busy, to test verdicts beside it. It ends on request, after its time, or when its parent ends in
# any way.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use POSIX       ();
use Time::HiRes ();

# So many steps of the busy loop take a few milliseconds; after them it looks whether it is still wanted.
my $STEPS = 100_000;

# Starts to burn. It goes on until the object is gone, but at most for so many seconds. $share: how much of a core it keeps
# busy, above 0 and up to 1; it rests after each few milliseconds of work.
sub start ( $class, $most_s, $share = 1 ) {
    my $starter = $$;
    my $pid     = fork // die "cannot start another process: $!\n";
    if ( $pid == 0 ) {
        $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP PIPE);
        my ( $until, $work ) = ( time + $most_s, 0 );
        while ( getppid == $starter && time < $until ) {
            my $started_s = Time::HiRes::time();
            $work += $_ for 1 .. $STEPS;
            Time::HiRes::sleep( ( Time::HiRes::time() - $started_s ) * ( 1 - $share ) / $share ) if $share < 1;
        }
        POSIX::_exit(0);
    }
    return bless { pid => $pid, starter => $starter }, $class;
}

# The CPU time that it has burned so far, in seconds; 0 where there is no /proc.
sub cpu_s ($self) {
    open my $file, '<', "/proc/$self->{pid}/stat" or return 0;
    my ($after_name) = ( <$file> // q{} ) =~ /\)\s+(.*)/;
    my ( $user, $system ) = ( split q{ }, $after_name // q{} )[ 11, 12 ];
    return ( ( $user // 0 ) + ( $system // 0 ) ) / POSIX::sysconf( POSIX::_SC_CLK_TCK() );
}

# Children of the starter inherit the object, but not the process.
sub DESTROY ($self) {
    return if $self->{starter} != $$;
    local ( $?, $!, $@ );
    kill 'KILL', $self->{pid};
    waitpid $self->{pid}, 0;
    return;
}

1;
