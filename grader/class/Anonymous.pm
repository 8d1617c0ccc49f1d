package grader::class::Anonymous;

# Grades without names, for people who may see how a class did but not who is in it. A pseudonym comes from a secret that stays
# in the output folder, so it is the same in every export, and nobody outside can find the name.
#
# Names are replaced wherever they stand in what is exported: names of submissions, and of students in the roster. What else
# tells who somebody is, such as a nickname in the name of a function, is not known here: read an export before you give it away.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Digest::SHA qw(hmac_sha256_hex);
use Encode      ();
use grader::class::gradebooks::Students;

my $LETTERS       = 10;    # of a pseudonym
my $LEAST_LETTERS = 3;     # of a name that is looked for

# Words of the grader itself, which are as they are.
my %IS_OURS = map { $_ => 1 } qw(id verdict status schema);

# $grades: all of the class. $wishes: as of grader::class::Reports. $about: of the run.
sub new ( $class, $secret, $grades, $wishes, $about ) {
    my $self = bless { secret => $secret, of => {} }, $class;
    my ( $roster, $match ) = @{$wishes}{qw(roster match)};
    my @known;
    for my $grade ( @{$grades} ) {
        my $name      = $grade->{name};
        my $pseudonym = $self->{pseudonym}{$name} = $self->_pseudonym($name);
        $self->_learn( $pseudonym, $name, $grade->{file}, $grade->{path} );
        push @known, [ $pseudonym, $1, split q{ }, $1 ]
          if $name =~ /\A([^_\d]+)_.*\d/;
        push @known,
          map { [ $pseudonym, grader::class::gradebooks::Students::identities( $roster, $_ ) ] }
          @{ $match->{of}{$name} // [] };
    }
    push @known,
      map { [ 'somebody', grader::class::gradebooks::Students::identities( $roster, $_ ) ] }
      @{ $match->{without} // [] };
    $self->_learn( @{$_} ) for @known;
    $self->_learn( 'a class', $about->{folder} );
    my $any = join q{|}, map { quotemeta }
      sort { length $b <=> length $a || $a cmp $b } keys %{ $self->{of} };
    $self->{any} = qr/(?<![[:alnum:]])(?:$any)(?![[:alnum:]])/i;
    return $self;
}

# The first who has a name keeps it.
sub _learn ( $self, $pseudonym, @names ) {
    for my $name ( grep { defined && length >= $LEAST_LETTERS && /[[:alpha:]]|\d{4}/ } @names ) {
        $self->{of}{ lc $name } //= $pseudonym;
    }
    return;
}

sub _pseudonym ( $self, $name ) {
    return 's-' . substr hmac_sha256_hex( Encode::encode( 'UTF-8', $name ), $self->{secret} ), 0, $LETTERS;
}

# A text without the names.
sub text ( $self, $text ) {
    return $text =~ s/($self->{any})/$self->{of}{lc $1}/egr;
}

# A grade without the names.
sub grade ( $self, $grade ) {
    my $pseudonym = $self->{pseudonym}{ $grade->{name} };
    my $hidden    = $self->_hidden($grade);
    @{$hidden}{qw(name file path student)} =
      ( $pseudonym, $pseudonym, $pseudonym, undef );
    return $hidden;
}

sub _hidden ( $self, $value ) {
    my $kind = ref $value;
    if ( $kind eq 'HASH' ) {
        return { map { $_ => $IS_OURS{$_} ? $value->{$_} : $self->_hidden( $value->{$_} ) } keys %{$value} };
    }
    return [ map { $self->_hidden($_) } @{$value} ] if $kind eq 'ARRAY';
    return $value                                   if $kind || !defined $value || $value !~ /[[:alpha:]]|\d{4}/;
    return $self->text($value);
}

1;
