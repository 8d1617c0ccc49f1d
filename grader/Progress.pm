package grader::Progress;

# One line on standard error that says what is going on, when that is a terminal; nothing otherwise.

use v5.34;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

sub new ($class) { return bless { on => -t STDERR }, $class }

sub show ( $self, $what ) {
    print {*STDERR} "\r\e[K$what ..." if $self->{on};
    return;
}

sub clear ($self) {
    print {*STDERR} "\r\e[K" if $self->{on};
    return;
}

1;
