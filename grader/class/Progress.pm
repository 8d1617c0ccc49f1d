package grader::class::Progress;

# One line on standard error, if that is a terminal: the progress of a class and the time that is left.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Time::HiRes qw(time);

my $LOOK_EVERY_S = 1;    # how often somebody may look what is done

sub new ($class) { return bless { on => -t STDERR, next_look => 0 }, $class }

sub say_now ( $self, $what ) {
    print {*STDERR} "\r\e[K$what ..." if $self->{on};
    return;
}

sub begin ( $self, $what, $count ) {
    @{$self}{qw(what count started)} = ( $what, $count, time );
    return $self->show(0);
}

sub is_due ($self) {
    return 0 if !$self->{on} || time < $self->{next_look};
    $self->{next_look} = time + $LOOK_EVERY_S;
    return 1;
}

sub show ( $self, $done ) {
    my $left =
      $done
      ? ( time - $self->{started} ) / $done * ( $self->{count} - $done )
      : undef;
    my $rest = !defined $left ? q{} : ', about ' . duration($left) . ' left';
    return $self->say_now("$self->{what}: $done of $self->{count}$rest");
}

sub clear ($self) {
    print {*STDERR} "\r\e[K" if $self->{on};
    return;
}

sub duration ($seconds) {
    return sprintf '%d s', $seconds if $seconds < 90;
    my $minutes = int( $seconds / 60 + 0.5 );
    return "$minutes min" if $minutes < 90;
    return sprintf '%d h %02d min', $minutes / 60, $minutes % 60;
}

1;
