package tests::lib::ContractJob;

# Stands for the grader's job in tests of the contract checks: builds the backends of the tree and of tests/broken with make,
# and runs their binaries without a sandbox.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use grader::Settings;
use measure::Launch;
use tests::lib::Built;

my @NOT_INHERITED = qw(MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL BACKEND BACKENDS PROGRAMS FLAVOUR BUILD BIN V);

my @OF_THE_RELEASE = qw(suite small_space contract/one_lock contract/own_memory contract/watched);

# %parts: launcher. `only_test`: of the suite, no other test is run. `of`: the source that each graded backend is made of.
sub new ( $class, %parts ) {
    my $terms = grader::Settings::defaults()->{terms};
    return bless { build => $ENV{BUILD} // 'build', of => {}, terms => $terms, %parts }, $class;
}

sub settings ($self) { return { terms => $self->{terms}, asleep_s => 5 } }

# The same job under other terms.
sub under ( $self, %terms ) { return bless { %{$self}, terms => { %{ $self->{terms} }, %terms } }, ref $self }

# A job in which one backend is graded, and made of the source of another name.
sub with ( $self, $backend, $source ) { return bless { %{$self}, of => { $backend => $source } }, ref $self }

# A job whose programs are not run: each ends as given, or as a function of the options of launch() gives, except that WORD in what it printed is the word that was asked for.
sub pretending ( $self, $result ) { return bless { %{$self}, result => $result }, ref $self }

sub backends ($self) {
    my @names = sort keys %{ $self->{of} };
    return @names;
}

sub drawn ( $self, $purpose, $low, $high ) { return $low + 4711 % ( $high - $low + 1 ) }
sub nonce ($self)                          { return 'n' . int rand 1e9 }

sub _make ( $self, $flavour, @arguments ) {
    local @ENV{@NOT_INHERITED};
    delete @ENV{@NOT_INHERITED};
    my ($result) = tests::lib::Built::alone(
        sub () {
            return measure::Launch::run(
                command  => [ qw(make -s -k -j2), "FLAVOUR=$flavour", "BUILD=$self->{build}", @arguments ],
                launcher => $self->{launcher},
                wall_s   => 900,
            );
        }
    );
    return measure::Launch::ok($result) ? () : split /\n/, $result->{stderr};
}

# Which binary of the release a check looks at; all others are the suite's.
my %BINARY_OF = (
    small_space => 'small_space',
    one_lock    => 'contract/one_lock',
    own_memory  => 'contract/own_memory',
    valgrind    => 'contract/watched',
    tsan        => 'contract/watched',
);

# Builds the binaries of the release that some checks look at, at once: a make for each would take longer than most checks. Each of
# @asked is [source, check], or [source] for those of all checks.
sub build_all ( $self, @asked ) {
    my ( %paths, %sources );
    for my $one (@asked) {
        my ( $source, $check ) = @{$one};
        $sources{$source} = 1;
        my @names = defined $check ? $BINARY_OF{$check} // 'suite' : @OF_THE_RELEASE;
        $paths{"$self->{build}/release/tests/$_-$source"} = 1 for @names;
    }
    my @sources = sort keys %sources;

    # The suite's topic of small spaces starts a program, which no other topic does.
    my @unasked =
      map { ( '-o', $_ ) } grep { !$paths{$_} } map { "$self->{build}/release/tests/small_space-$_" } @sources;
    my @errors = $self->_make( 'release', "BACKENDS=@sources", @unasked, sort keys %paths );
    die join "\n", 'the backends cannot be built:', @errors, q{} if @errors;
    $self->{built}{$_} = 1 for keys %paths;
    return;
}

sub binary ( $self, $backend, $flavour, $name ) {
    my $source = $self->{of}{$backend} // $backend;
    my $path   = "$self->{build}/$flavour/" . $name =~ s/-\Q$backend\E\z/-$source/r;
    my @errors = $self->{result} || $self->{built}{$path} ? () : $self->_make( $flavour, "BACKENDS=$source", $path );
    die { complaint => "$name was not built", errors => \@errors } if @errors;
    return $path;
}

# The object of a backend that is one file.
sub object_of ( $self, $backend ) {
    my $source   = $self->{of}{$backend} // $backend;
    my ($object) = grep { -e } map { "$self->{build}/release/$_${source}_alloc.o" } q{}, 'tests/broken/';
    return $object;
}

sub launch ( $self, %options ) {
    if ( $self->{result} ) {
        my %result = ref $self->{result} eq 'CODE' ? %{ $self->{result}->(%options) } : %{ $self->{result} };
        $result{stdout} =~ s/\bWORD\b/$options{stdin} =~ s{\n}{}r/e;
        return \%result;
    }
    delete $options{see};
    $options{env} = { %{ $options{env} // {} }, RUN_TEST => $self->{only_test} } if defined $self->{only_test};
    return measure::Launch::run( %options, launcher => $self->{launcher} );
}

1;

__END__

=head1 NAME

tests::lib::ContractJob - the job for the tests of grader::stages::Contract

=head1 SYNOPSIS

    my $job = tests::lib::ContractJob->new( launcher => $launcher );
    grader::stages::Contract::tests( $job->with( par => 'leak' ) );          # tests/broken/leak_alloc.c, graded as par
    grader::stages::Contract::tests( $job->with( par => 'par' )->pretending( { exit => 0, ... } ) );

=cut
