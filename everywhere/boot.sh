# shellcheck shell=sh
# What the places that boot a kernel of arm64 have in common; the recipe has set KERNEL, the name of Debian's package.
#
# `inside_booted` runs in the emulated machine (everywhere/boot), all else in the tree of Debian around it.
CC=aarch64-linux-gnu-gcc
AS_ROOT="$AS_ROOT kernel"

# The kernel alone of its package.
check_kernel() {
    package=$(apt-cache depends $KERNEL:arm64 | sed -n 's/.*Depends: //p')
    try "$KERNEL: there is a kernel" sh -c "
        cd '$folder' && apt-get download $package && dpkg-deb --fsys-tarfile linux-image-*.deb | tar -xf - --wildcards './boot/vmlinuz*' &&
            mv boot/vmlinuz* vmlinuz && chmod 644 vmlinuz && rm -r boot linux-image-*.deb"
}

# par whose page map ends at 2^47, as on x86-64: each of its calls must fail where addresses are longer.
check_booted() {
    [ -e "$folder/vmlinuz" ] || { not_ok 'there is a kernel' && return; }
    broken=$(echo "$topics" | cut -d'|' -f2 | sort -u | tr '\n' ' ')
    # shellcheck disable=SC2086,SC2046 # words
    build_suites $BACKENDS $broken && kit_make BACKENDS="$BACKENDS shortblock" programs &&
        kit_make BACKENDS="$BACKENDS overlap" $(printf 'build/release/tests/torture/random-%s ' par hw08 overlap)
    "$CC" -O1 -pthread -D_GNU_SOURCE -o build/release/tests/means everywhere/means.c
    short=$(mktemp -d) && cp -a . "$short/kit" && (
        cd "$short/kit" && sed -i 's/ADDRESS_BITS = 48,/ADDRESS_BITS = 47,/' par/page_map.h &&
            kit_make BACKENDS=par build/release/tests/torture/random-par
    ) && cp "$short/kit/build/release/tests/torture/random-par" build/release/tests/torture/random-47
    rm -rf "$short"
    sh everywhere/boot "$folder" booted
    exit
}

inside_booted() {
    if ! grep -Eq '^(0000)?[89a-f][0-9a-f]{11}-' /proc/self/maps; then
        skip 'not tested here: this kernel gives no addresses beyond 2^47'
    elif succeeds build/release/tests/torture/random-47 1e4 2 7; then
        not_ok 'addresses reach beyond 2^47: a par with a page map of 47 bits cannot work here'
    else
        ok 'addresses reach beyond 2^47: a par with a page map of 47 bits cannot work here'
    fi
    check_random
    check_answers
    check_suites
}
