package grader::class::Parallel;

# Starts the jobs of a pass with GNU parallel: here, or on the machines that --sshlogin names.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use POSIX qw(WNOHANG);

# Dies with one line when this machine has no GNU parallel.
sub insist () {
    open my $version, '-|', 'parallel --version 2>/dev/null'
      or die "cannot start a shell: $!\n";
    my $first = <$version> // q{};
    my @rest  = <$version>;
    close $version;
    die "there is no GNU parallel here; ./setup --class installs it\n"
      if $first !~ /\AGNU parallel/;
    return;
}

# %how: commands => [each an argument list], jobs => how many at a time on each machine (undef: one a core), sshlogin =>
# [machines], log => path. Result: an object.
sub start ( $class, $store, $name, %how ) {
    my $list = $store->path("state/$name.commands");
    $store->write_file( "state/$name.commands", join q{}, map { quoted( @{$_} ) . "\0" } @{ $how{commands} } );
    my @options = ( qw(--will-cite --null --ungroup --termseq), 'TERM,30000,KILL,100' );
    push @options, '--jobs',     $how{jobs} if defined $how{jobs};
    push @options, '--sshlogin', $_ for @{ $how{sshlogin} // [] };

    my $pid = fork // die "cannot start parallel: $!\n";
    if ( !$pid ) {
        POSIX::setsid();    # so that Ctrl-C reaches the run alone, which knows what to do
        delete $ENV{PARALLEL};
        $ENV{PARALLEL_HOME}  = $store->path('state/parallel');
        $ENV{PARALLEL_SHELL} = '/bin/sh';
        open STDIN, '<', $list or POSIX::_exit(126);
        open STDOUT, '>>', $store->path('state/parallel.log')
          or POSIX::_exit(126);
        open STDERR, '>&', \*STDOUT or POSIX::_exit(126);
        exec 'parallel', @options or POSIX::_exit(127);
    }
    return bless { pid => $pid }, $class;
}

# For a shell.
sub quoted (@words) {
    return join q{ }, map { q{'} . s/'/'\\''/gr . q{'} } @words;
}

sub is_over ($self) {
    return !$self->{pid}
      || waitpid( $self->{pid}, WNOHANG ) != 0 && !( $self->{pid} = 0 );
}

# No job is started any more; those at work end by themselves, because their run has gone.
sub stop ($self) { return $self->{pid} && kill 'TERM', $self->{pid} }

# When they did not.
sub end ($self) { return $self->{pid} && kill 'KILL', -$self->{pid} }

1;
