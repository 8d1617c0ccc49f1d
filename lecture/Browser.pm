package lecture::Browser;

# Drives a headless Chromium over its debugging pipe: loads a page, presses keys, asks scripts, takes screenshots, and keeps
# what the page complained about.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Fcntl        qw(F_SETFD);
use File::Temp   ();
use IO::Select   ();
use JSON::PP     ();
use MIME::Base64 qw(decode_base64);
use POSIX        ();
use Time::HiRes  qw(sleep time);

my $PATIENCE_S = 60;

# The key that the browser is told for a name, where it is not the name itself.
my %KEY_CODE = (
    ArrowLeft  => 37,
    ArrowUp    => 38,
    ArrowRight => 39,
    ArrowDown  => 40,
    PageUp     => 33,
    PageDown   => 34,
    End        => 35,
    Home       => 36,
    Escape     => 27,
    Tab        => 9,
);

# The first browser of these that there is; undef when there is none.
sub program () {
    for my $name (qw(chromium chromium-browser google-chrome)) {
        for my $folder ( split /:/, $ENV{PATH} // '' ) { return "$folder/$name" if -x "$folder/$name" }
    }
    return;
}

sub start ($class) {
    my $program = program() // die "there is no chromium\n";
    my $home    = File::Temp->newdir( TMPDIR => 1 );
    pipe my $commands_in, my $commands    or die "cannot make a pipe: $!\n";
    pipe my $answers,     my $answers_out or die "cannot make a pipe: $!\n";
    my $pid = fork // die "cannot start another process: $!\n";
    if ( $pid == 0 ) {

        # Through high numbers, lest one pipe be laid over the other.
        POSIX::dup2( fileno $commands_in, 30 );
        POSIX::dup2( fileno $answers_out, 31 );
        POSIX::dup2( 30,                  3 );
        POSIX::dup2( 31,                  4 );
        POSIX::close($_) for 30, 31;
        open STDOUT, '>', '/dev/null';
        open STDERR, '>', "$home/log";
        my @sandbox = $> == 0 ? ('--no-sandbox') : ();    # Chromium's own does not work for root
        exec $program, '--headless', @sandbox, '--disable-gpu', '--hide-scrollbars', '--no-first-run',
          '--disable-dev-shm-usage',
          '--disable-extensions', '--disable-background-networking', '--remote-debugging-pipe',
          "--user-data-dir=$home/profile", 'about:blank'
          or POSIX::_exit(125);
    }
    close $commands_in;
    close $answers_out;
    $commands->autoflush(1);
    my $self = bless {
        pid       => $pid,
        home      => $home,
        commands  => $commands,
        answers   => $answers,
        readable  => IO::Select->new($answers),
        buffer    => '',
        next      => 1,
        complaint => [],
        owner     => $$,
    }, $class;
    my ($page) = grep { $_->{type} eq 'page' } @{ $self->ask('Target.getTargets')->{targetInfos} };
    $self->{session} =
      $self->ask( 'Target.attachToTarget', targetId => $page->{targetId}, flatten => JSON::PP::true() )->{sessionId};
    $self->ask("$_.enable") for qw(Page Runtime Log Network);
    return $self;
}

# Sends a command of the DevTools protocol and waits for its result.
sub ask ( $self, $method, %parameters ) {
    my $id      = $self->{next}++;
    my %message = ( id => $id, method => $method, params => \%parameters );
    $message{sessionId} = $self->{session} if $self->{session};
    syswrite $self->{commands}, JSON::PP->new->utf8->encode( \%message ) . "\0" or die "the browser has gone\n";
    my $until = time + $PATIENCE_S;
    while ( my $said = $self->_next_message($until) ) {
        if ( ( $said->{id} // 0 ) == $id ) {
            die "the browser refused $method: $said->{error}{message}\n" if $said->{error};
            return $said->{result};
        }
        $self->_hear($said);
    }
    return;
}

sub _next_message ( $self, $until ) {
    while ( $self->{buffer} !~ /\0/ ) {
        die "the browser did not answer within $PATIENCE_S seconds\n" if !$self->{readable}->can_read( $until - time );
        sysread $self->{answers}, $self->{buffer}, 1 << 16, length $self->{buffer} or die "the browser has ended\n";
    }
    $self->{buffer} =~ s/\A([^\0]*)\0//;
    return JSON::PP->new->utf8->decode($1);
}

# Events: everything that a person would find in red in the console, and every request that leaves the page.
sub _hear ( $self, $event ) {
    my ( $method, $about ) = ( $event->{method} // '', $event->{params} );
    my $text =
        $method eq 'Runtime.exceptionThrown'
      ? $about->{exceptionDetails}{exception}{description} // $about->{exceptionDetails}{text}
      : $method eq 'Runtime.consoleAPICalled'
      ? ( $about->{type} =~ /\A(?:error|warning|assert)\z/ ? $about->{args}[0]{value} : undef )
      : $method eq 'Log.entryAdded' ? ( $about->{entry}{level} eq 'error' ? $about->{entry}{text} : undef )
      : $method eq 'Network.requestWillBeSent' ? (
        $about->{request}{url} !~ /\A(?:file|data|about|blob):/ ? "the page asked for $about->{request}{url}" : undef )
      : undef;
    push @{ $self->{complaint} }, $text if defined $text;
    $self->{loaded} = 1 if $method eq 'Page.loadEventFired';
    return;
}

# What the page complained about since it was last asked.
sub complaints ($self) { return splice @{ $self->{complaint} } }

sub screen ( $self, $width, $height, $scheme = 'light' ) {
    $self->ask(
        'Emulation.setDeviceMetricsOverride',
        width             => 0 + $width,
        height            => 0 + $height,
        deviceScaleFactor => 1,
        mobile            => JSON::PP::false()
    );
    $self->ask( 'Emulation.setEmulatedMedia', features => [ { name => 'prefers-color-scheme', value => $scheme } ] );
    return;
}

sub load ( $self, $url ) {
    $self->{loaded} = 0;
    $self->ask( 'Page.navigate', url => 'about:blank' );
    $self->ask( 'Page.navigate', url => $url );
    my $until = time + $PATIENCE_S;
    while ( $self->evaluate('document.readyState + location.href') !~ /\Acomplete(?!about)/ ) {
        die "$url did not load\n" if time > $until;
        sleep 0.05;
    }
    return;
}

# The value of an expression, which must be one that JSON can hold.
sub evaluate ( $self, $expression ) {
    my $result = $self->ask(
        'Runtime.evaluate',
        expression    => $expression,
        returnByValue => JSON::PP::true(),
        awaitPromise  => JSON::PP::true()
    );
    die 'the page failed: ', $result->{exceptionDetails}{exception}{description} // $result->{exceptionDetails}{text},
      "\n"
      if $result->{exceptionDetails};
    return $result->{result}{value};
}

sub press ( $self, $key ) {
    my %key = ( key => $key, windowsVirtualKeyCode => $KEY_CODE{$key} // ord uc $key );
    $key{text} = $key if length $key == 1;
    $self->ask( 'Input.dispatchKeyEvent', type => 'keyDown', %key );
    $self->ask( 'Input.dispatchKeyEvent', type => 'keyUp',   %key );
    return;
}

sub point_at ( $self, $x, $y ) {
    $self->ask( 'Input.dispatchMouseEvent', type => 'mouseMoved', x => 0 + $x, y => 0 + $y );
    return;
}

# Gives a file input of the page these files, as if they had been picked.
sub pick_files ( $self, $selector, @paths ) {
    my $root = $self->ask('DOM.getDocument')->{root}{nodeId};
    my $node = $self->ask( 'DOM.querySelector', nodeId => $root, selector => $selector )->{nodeId};
    $self->ask( 'DOM.setFileInputFiles', nodeId => $node, files => \@paths );
    return;
}

# whole: not just what the screen shows.
sub screenshot ( $self, $path, $whole = 0 ) {
    my $shot = $self->ask(
        'Page.captureScreenshot',
        format                => 'png',
        captureBeyondViewport => $whole ? JSON::PP::true() : JSON::PP::false()
    );
    open my $file, '>:raw', $path or die "cannot write $path: $!\n";
    print {$file} decode_base64( $shot->{data} );
    close $file or die "cannot write $path: $!\n";
    return;
}

sub DESTROY ($self) {
    return if $$ != $self->{owner};
    local ( $?, $@ );
    delete $self->{session};
    eval { $self->ask('Browser.close') };
    for ( 1 .. 50 ) {
        return if waitpid( $self->{pid}, POSIX::WNOHANG() ) != 0;
        sleep 0.1;
    }
    kill KILL => $self->{pid};
    waitpid $self->{pid}, 0;
    return;
}

1;

__END__

=head1 NAME

lecture::Browser - a headless Chromium for tests

=head1 SYNOPSIS

    my $browser = lecture::Browser->start;
    $browser->screen( 1280, 720, 'dark' );
    $browser->load('file:///tmp/index.html');
    $browser->press('ArrowRight');
    is( $browser->evaluate('document.title'), 'A title' );
    is_deeply( [ $browser->complaints ], [] );
    $browser->screenshot('/tmp/shot.png');

=head1 METHODS

All die with one line when the browser does not do what it should.

=over

=item program()

A function: the path of the browser, undef when there is none.

=item start

Starts a new browser with an empty profile. It ends with the object.

=item screen($width, $height, $scheme), load($url)

C<screen> sets the size of the window's inside in pixels; the scheme is light or dark. C<load> opens a page.

=item evaluate($expression)

The value of the JavaScript expression, as far as JSON can hold it. It waits for a promise.

=item press($key), point_at($x, $y), pick_files($selector, @paths)

Press a key by its JavaScript name (ArrowRight, p), move the mouse, and choose files for an input of that type.

=item complaints

Errors and warnings of the console, exceptions, and requests for anything but files, since the last call.

=item screenshot($path, $whole)

A PNG of the visible part, or of the whole page.

=item ask($method, %parameters)

Any command of the DevTools protocol.

=back

=cut
