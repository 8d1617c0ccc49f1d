package grader::Progress;

# One line of progress on standard error, if that is a terminal.

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
