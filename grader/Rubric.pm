package grader::Rubric;

# Reads a rubric (grader/rubrics/kit.conf) and checks it. For every mistake there is one line with the place and the correct form.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Basename   qw(basename dirname);
use File::Glob       qw(bsd_glob);
use JSON::PP         ();
use List::Util       qw(all);
use Scalar::Util     qw(looks_like_number);
use grader::Settings ();

my $NAME = qr/\A[a-z]\w*\z/;

# A stage is a file.
my %STAGES = map { lc basename( $_, '.pm' ) => 1 } bsd_glob( dirname(__FILE__) . '/stages/*.pm' );

# What may stand where: a check that gets a value and says what is wanted when the value is not it.
my $name_list = sub ($value) {
    return if ref $value eq 'ARRAY' && @{$value} && all { !ref && /$NAME/ } @{$value};
    return 'a list of names';
};
my $patterns = sub ($value) {
    return if ref $value eq 'ARRAY' && @{$value} && all { !ref && /\A[\w*-]+[.]c\z/ } @{$value};
    return 'a list of names of C files, in which * stands for anything';
};
my $truth = sub ($value) {
    return if JSON::PP::is_bool($value);
    return 'true or false';
};
my $tops = sub ($value) {
    return if ref $value eq 'ARRAY' && all { _is_whole( $_, 2, 5_000_000 ) } @{$value};
    return 'a list of whole numbers from 2 to 5,000,000';
};
my $ranges = sub ($value) {
    return
      if ref $value eq 'ARRAY'
      && all { ref eq 'ARRAY' && @{$_} == 2 && _is_whole( $_->[0], 2, $_->[1] ) && _is_whole( $_->[1], 2, 5_000_000 ) }
      @{$value};
    return 'a list of pairs [lowest, highest] from 2 to 5,000,000';
};

my %SHAPE = (
    stages => sub ($value) {
        return if ref $value eq 'ARRAY' && all { !ref && $STAGES{$_} } @{$value};
        return 'a list of some of ' . join ', ', sort keys %STAGES;
    },
    terms => {
        names           => _table_of( $patterns, $NAME ),
        alignment       => _one_of( 1, 2, 4, 8, 16 ),
        null            => $truth,
        zero            => $truth,
        silent          => $truth,
        memory_times    => _number( 1,  100 ),
        small_space_mib => _number( 12, 1024 ),
    },
    backends    => $name_list,
    programs    => $name_list,
    points      => _table_of( _number( 0, 1000 ), qr/\A[\w.*]+\z/ ),
    cannot_tell => _number( 0, 1 ),
    slow        => _number( 0, 1 ),
    late_day    => _number( 0, 1 ),
    speed       => { base => _number( 1, 1000 ), challenge => _number( 0.01, 10 ), bonus => _number( 0.01, 10 ) },
    tops        => _table_of( $tops,   $NAME ),
    drawn_tops  => _table_of( $ranges, $NAME ),
    limits      => {
        run_s      => _number( 0.1, 3600 ),
        build_s    => _number( 1,   3600 ),
        memory_mib => _number( 64,  1024 * 1024 ),
        output_kib => _number( 1,   65_536 ),
    },
    deliverables => _table_of( \&_deliverable, $NAME ),
);

sub _is_whole ( $value, $low, $high ) {
    return
         defined $value
      && !ref $value
      && $value =~ /\A\d+\z/
      && looks_like_number($high)
      && $value >= $low
      && $value <= $high;
}

sub _number ( $low, $high ) {
    return sub ($value) {
        return if !ref $value && looks_like_number($value) && $value >= $low && $value <= $high;
        return "a number from $low to $high";
    };
}

sub _one_of (@values) {
    return sub ($value) {
        return if defined $value && !ref $value && grep { $_ eq $value } @values;
        return 'one of ' . join ', ', @values;
    };
}

# Any keys of this form, with values that pass the check.
sub _table_of ( $check, $key_form ) {
    return sub ($value) {
        return 'a table { "name": value, ... }' if ref $value ne 'HASH';
        for my $key ( sort keys %{$value} ) {
            return qq{names of letters, digits, _ . and *, not "${\_plain($key)}"} if $key !~ $key_form;
            my $wanted = $check->( $value->{$key} );
            return qq{$wanted at "$key"} if defined $wanted;
        }
        return;
    };
}

sub _deliverable ($value) {
    my $wanted = '{ "files": ["name", ...], "words": number }';
    return $wanted if ref $value ne 'HASH' || grep { !/\A(?:files|words)\z/ } keys %{$value};
    return $wanted
      if ref $value->{files} ne 'ARRAY'
      || !@{ $value->{files} }
      || grep { ref || !m{\A[\w.-]+\z} } @{ $value->{files} };
    return $wanted if defined $value->{words} && !_is_whole( $value->{words}, 0, 100_000 );
    return;
}

# $path: the rubric; $defaults: the path of the one whose values hold where it says nothing. Result: an object. Dies with
# one line.
sub read_file ( $class, $path, $defaults = $path ) {
    my $rubric = _parse($path);
    _check( $path, q{}, $rubric, \%SHAPE );
    return bless { values => $rubric }, $class if $path eq $defaults;
    my %values = %{ $class->read_file($defaults)->{values} };
    for my $key ( keys %{$rubric} ) {
        my $is_table = ref $SHAPE{$key} eq 'HASH';
        $values{$key} = $is_table ? { %{ $values{$key} }, %{ $rubric->{$key} } } : $rubric->{$key};
    }
    _asks_something( $path, \%values );
    return bless { values => \%values }, $class;
}

# A program that is asked no TOP has no wrong answer, and would get all points.
sub _asks_something ( $path, $values ) {
    for my $backend ( @{ $values->{backends} } ) {
        next if grep { @{ grader::Settings::for_backend( $values, $_, $backend ) } } qw(tops drawn_tops);
        die qq{rubric $path: no TOP is asked of "$backend": "tops" must have a number at "$backend" or at "usual"\n};
    }
    return;
}

sub _parse ($path) {
    open my $file, '<', $path or die "rubric $path: cannot read it: $!\n";
    my $text   = do { local $/ = undef; <$file> };
    my $rubric = eval { JSON::PP->new->relaxed->decode($text) };
    return $rubric if ref $rubric eq 'HASH';
    my ( $why, $offset ) = $@ =~ /\A(.*?), at character offset (\d+)/s;
    die "rubric $path: it is no table { ... }\n" if !defined $offset;
    my $line = 1 + ( substr( $text, 0, $offset ) =~ tr/\n// );
    die "rubric $path, line $line: $why\n";
}

# A key as a line can hold it.
sub _plain ($key) { return $key =~ s/([\x00-\x1f\x7f])/sprintf '\\x%02x', ord $1/egr }

sub _check ( $path, $place, $table, $shape ) {
    for my $key ( sort keys %{$table} ) {
        my $check = $shape->{$key} // die qq{rubric $path: $place"${\_plain($key)}" is not known; known are }
          . join( ', ', sort keys %{$shape} ) . "\n";
        if ( ref $check eq 'HASH' ) {
            die qq{rubric $path: $place"$key" must be a table { "name": value, ... }\n} if ref $table->{$key} ne 'HASH';
            _check( $path, qq{$place"$key".}, $table->{$key}, $check );
            next;
        }
        my $wanted = $check->( $table->{$key} );
        die qq{rubric $path: $place"$key" must be $wanted\n} if defined $wanted;
    }
    return;
}

sub value ( $self, $key ) { return $self->{values}{$key} }

# The whole rubric, as a file that leaves out nothing.
sub text ($self) { return JSON::PP->new->canonical->pretty->encode( $self->{values} ) }

# The points of a test, by its id.
sub points ( $self, $id ) {
    my $points = $self->{values}{points};
    my ($best) = sort { length $b <=> length $a } grep { _fits( $_, $id ) } keys %{$points};
    return defined $best ? $points->{$best} : 0;
}

sub _fits ( $pattern, $id ) {
    my $expression = join '.*', map { quotemeta } split /[*]/, $pattern, -1;
    return $id =~ /\A$expression\z/;
}

# Puts what the rubric says into the settings of the stages.
sub apply_to ( $self, $settings ) {
    my $values = $self->{values};
    my ( $speed, $limits ) = @{$values}{qw(speed limits)};
    $settings->{programs}     = $values->{programs};
    $settings->{backends}     = $values->{backends};
    $settings->{"${_}_ratio"} = $speed->{$_} for keys %{$speed};
    @{$settings}{qw(terms tops drawn_tops deliverables)} = @{$values}{qw(terms tops drawn_tops deliverables)};
    $settings->{run_timeout_s}   = $limits->{run_s};
    $settings->{build_timeout_s} = $limits->{build_s};
    $settings->{memory_bytes}    = $limits->{memory_mib} * 1024 * 1024;
    $settings->{output_bytes}    = $limits->{output_kib} * 1024;
    return $settings;
}

1;
