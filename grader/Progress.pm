package grader::Progress;

# One line of progress on standard error, if that is a terminal.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

sub new ($class) { return bless { on => -t STDERR }, $class }

# $test: what is being tested, from now on; it stands before each step.
sub begin ( $self, $test ) {
    $self->{test} = $test;
    print {*STDERR} "\r\e[K$test ..." if $self->{on};
    return;
}

sub show ( $self, $what ) {
    my $test = defined $self->{test} ? "$self->{test}: " : q{};
    print {*STDERR} "\r\e[K$test$what ..." if $self->{on};
    return;
}

sub clear ($self) {
    print {*STDERR} "\r\e[K" if $self->{on};
    return;
}

1;
