package grader::class::Store;

# The output folder of a class: the data that a run needs, and the results so far. Only one run works in it at a time. Each file
# appears as a whole, so a run can be killed at any moment and continued later.
#
#     gradebook.csv gradebook.json summary.html feedback/ details/ results/     for people
#     overrides.csv roster.csv     from people
#     state/lock     held by the run that works here
#     state/run      the settings of that run; when it is gone, its jobs stop
#     state/jobs/    the jobs, by key
#     state/done/    their results, by key and pass
#     state/aside/   results that were set aside to grade somebody again
#     state/logs/    the output of the grader
#
# A key is a checksum over everything that a pass of a grade depends on (grader/class/Keys.pm).

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Digest::SHA   ();
use Fcntl         qw(LOCK_EX LOCK_NB LOCK_SH LOCK_UN);
use File::Path    ();
use JSON::PP      ();
use Sys::Hostname ();
use Time::HiRes   ();
use grader::class::Stored;

my $JSON         = JSON::PP->new->utf8->canonical;
my $LOCK_TRIES   = 20;
my $LOCK_PAUSE_S = 0.1;

sub new ( $class, $folder ) { return bless { folder => $folder }, $class }

sub path ( $self, @names ) { return join q{/}, $self->{folder}, @names }

# Makes the folder and takes it for this run. Dies with one line when another run works there.
sub open_for_run ($self) {
    my $marker = $self->path('state');
    my @foreign =
      grep { !m{/(?:(?:overrides|roster)[.]csv|similar[.]html)\z} } glob quotemeta( $self->{folder} ) . '/*';
    if ( !-d $marker && @foreign ) {
        die
"$self->{folder}: there are other files in this folder; name one that is new, or that was made by an earlier run\n";
    }
    $self->make_folders( map { "state/$_" } qw(jobs done logs partial aside) );

    # Jobs hold the lock for an instant, too, when they look whether there is a run.
    open my $lock, '+>>', $self->path('state/lock')
      or die "cannot write ${\$self->path('state/lock')}: $!\n";
    my $tries = 0;
    while ( !flock $lock, LOCK_EX | LOCK_NB ) {
        Time::HiRes::sleep($LOCK_PAUSE_S);
        next if ++$tries < $LOCK_TRIES;
        seek $lock, 0, 0;
        my $who = <$lock> // 'somebody';
        die "$self->{folder}: another run is at work there ($who); wait for its end, or choose another --output\n";
    }
    unlink map { glob quotemeta( $self->{folder} ) . "/$_.new-*" }
      qw(* */* */*/*);    # half written, when a run was killed
    truncate $lock, 0;
    syswrite $lock, "process $$ on " . Sys::Hostname::hostname();
    $self->{lock} = $lock;
    return;
}

sub make_folders ( $self, @names ) {
    for my $name (@names) {
        File::Path::make_path( $self->path($name), { error => \my $errors } );
        die "cannot make the folder ${\$self->path($name)}: ", values %{ $errors->[0] }, "\n"
          if @{$errors};
    }
    return;
}

# What jobs must know; from now on they may work.
sub start_run ( $self, $settings ) {
    $self->{run} =
      { %{$settings}, id => Digest::SHA::sha256_hex( join q{ }, $$, time, rand, Sys::Hostname::hostname() ) };
    $self->write_json( 'state/run', $self->{run} );
    return $self->{run}{id};
}

# Jobs that are at work stop by themselves within seconds.
sub stop_run ($self) { return unlink $self->path('state/run') }

# For a job: the settings of the run, if it still is the one with this id.
sub run_of_job ( $self, $id ) {
    my $run = $self->read_json('state/run');
    return if !defined $run || $run->{id} ne $id;
    open my $lock, '<', $self->path('state/lock') or return;
    return $run
      if !flock $lock, LOCK_SH | LOCK_NB;    # held by the run, so that one is alive
    flock $lock, LOCK_UN;
    return;
}

# The result of a job; undef when there is none. One that was damaged is set aside, so that the next run grades anew.
sub done ( $self, $key, $pass ) {
    my $stored = $self->read_json("state/done/$key.$pass");
    return $stored if defined $stored && grader::class::Stored::is_sound($stored);
    return         if !$self->set_aside( $key, $pass );
    return {
        pass    => $pass,
        host    => q{},
        seconds => 0,
        broken  => "its stored $pass result was damaged, and is set aside in state/aside: the next run grades it anew"
    };
}

sub is_done ( $self, $key, $pass ) {
    return -e $self->path("state/done/$key.$pass");
}

# Keys are written in order, so this one stands first; for a big class it matters that not all of it must be parsed.
sub is_broken ( $self, $key, $pass ) {
    open my $file, '<:raw', $self->path("state/done/$key.$pass") or return 0;
    read $file, my $start, 9;
    return $start eq '{"broken"';
}

sub forget ( $self, $key, $pass ) {
    return unlink $self->path("state/done/$key.$pass");
}

# Keeps the result of a job, but not as one. Result: whether there was one.
sub set_aside ( $self, $key, $pass ) {
    my $from = $self->path("state/done/$key.$pass");
    return 0 if !-e $from;
    my $to = $self->path( sprintf 'state/aside/%s.%s.%.6f', $key, $pass, Time::HiRes::time() );
    rename $from, $to or die "cannot move $from to $to: $!\n";
    return 1;
}

# A secret of this folder, drawn when first asked for.
sub secret ($self) {
    my $known = $self->read_json('state/secret');
    return $known->{secret} if $known;
    open my $random, '<:raw', '/dev/urandom'
      or die "there is no /dev/urandom: $!\n";
    read $random, my $bytes, 32;
    my $secret = unpack 'H*', $bytes;
    my $before = umask oct 77;
    $self->write_json( 'state/secret', { secret => $secret } );
    umask $before;
    return $secret;
}

# A table; undef when there is none in this file.
sub read_json ( $self, $name ) {
    open my $file, '<:raw', $self->path($name) or return;
    my $text  = do { local $/ = undef; <$file> };
    my $value = eval { $JSON->decode( $text // q{} ) };
    return ref $value eq 'HASH' ? $value : undef;
}

sub write_json ( $self, $name, $value ) {
    return $self->write_file( $name, $JSON->encode($value) );
}

# $bytes: the content. A reader sees the old file or the new one. Dies with one line that has the cause.
sub write_file ( $self, $name, $bytes ) {
    my $path = $self->path($name);
    my $new  = "$path.new-$$";
    return if _written( $new, $bytes ) && rename $new, $path;
    my $why = "$!";
    unlink $new;
    die "cannot write $path: $why\n";
}

sub _written ( $path, $bytes ) {
    open my $file, '>:raw', $path or return 0;
    my $is_written = print {$file} $bytes;
    return close($file) && $is_written;
}

1;
