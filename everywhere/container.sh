# shellcheck shell=sh
# The images of the Containerfiles, built and entered by buildah, which needs neither a daemon nor namespaces. What they are built from is
# not an archive that somebody published but the same release of Debian, from its packages.
AS_ROOT="$AS_ROOT container"
STORE=

# Its files lie where the place does, each layer a whole copy; a driver that mounts would not work in every tree.
image() { buildah --storage-driver vfs --root "$STORE/images" --runroot "$STORE/run" "$@"; }

# in_image NAME FOLDER COMMAND...: runs it where the folder is /kit, as the Containerfile's lines for users do.
in_image() {
    container=$1 kit=$2
    shift 2
    image run --isolation chroot --workingdir /kit --volume "$kit":/kit "$container" "$@"
}

# The name under which Containerfiles ask for it.
make_base() {
    outside=/etc/apt/apt.conf.d/99-as-outside
    mmdebstrap --mode=root --variant=minbase --aptopt="$outside" bookworm "$STORE/base.tar" /etc/apt/sources.list &&
        base=$(image from scratch) && image add --quiet "$base" "$STORE/base.tar" / && rm "$STORE/base.tar" &&
        image config --cmd bash --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$base" &&
        image commit --rm "$base" docker.io/library/debian:12
}

# The image is built in a folder and entered; prints the name of its container.
build_image() { image build --isolation chroot --pull-never --layers --tag "$1" --file "$2" "$3"; }

check_container() {
    STORE=$(mktemp -d)
    student=$STORE/student
    mkdir "$student"
    trap 'rm -rf "$STORE" "$said"' EXIT
    try 'a base image is made of packages' make_base
    try 'make handout' kit_make handout
    try '... is unpacked' tar -xf build/handout.tar.gz --strip-components=1 -C "$student"
    try "the student kit's Containerfile builds in its folder" build_image student "$student/Containerfile" "$student"
    try 'that of the services builds in the kit' build_image services grader/services/container/Containerfile .
    student_image=$(image from --pull-never localhost/student) services_image=$(image from --pull-never localhost/services)

    if succeeds in_image "$student_image" "$PWD" env CK_RUN_CASE="$TOPIC" make --silent test BACKEND=misaligned || ! grep -q 'aligned to' "$said"; then
        not_ok 'make test BACKEND=misaligned says what is wrong'
    else
        ok 'make test BACKEND=misaligned says what is wrong'
    fi
    try 'make test BACKEND=hw08' in_image "$student_image" "$PWD" make --silent test BACKEND=hw08
    try 'make test BACKEND=par' in_image "$student_image" "$PWD" make --silent test BACKEND=par
    try 'the student kit builds' in_image "$student_image" "$student" make --silent
    # shellcheck disable=SC2016 # expanded there
    try 'the grader of the services tells a right submission from a broken one' in_image "$services_image" "$PWD" sh -c '
        tests/corpus/run --quick --again --out build/everywhere-corpus caches lost-lock >build/said 2>&1 </dev/null
        cat build/said && grep -q "^| right .* passed" build/said && grep -q "^| broken .* caught" build/said'
}
