#!/bin/sh
# Makes the certificates of the tests anew, for a hundred years. Each .pem holds a certificate and its
# key; none protects anything. Needs openssl 3.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
settings() { # name
  mkdir -p "$work/$1.db"
  : >"$work/$1.db/index.txt"
  echo 1000 >"$work/$1.db/serial"
  printf '%s\n' "[ca]" "default_ca=it" "[it]" "dir=$work/$1.db" "database=$work/$1.db/index.txt" \
    "serial=$work/$1.db/serial" "new_certs_dir=$work/$1.db" "default_md=sha256" "policy=any" \
    "crl_extensions=crl" "unique_subject=no" \
    "[any]" "commonName=supplied" "[crl]" "authorityKeyIdentifier=keyid" >"$work/$1.cnf"
}
request() { # name
  openssl ecparam -name prime256v1 -genkey -noout -out "$work/$1.key"
  openssl req -new -key "$work/$1.key" -subj "/CN=$1" -out "$work/$1.csr"
}
authority() { # name
  settings "$1"
  request "$1"
  printf '%s\n' "basicConstraints=critical,CA:TRUE" "keyUsage=critical,keyCertSign,cRLSign" \
    "subjectKeyIdentifier=hash" >"$work/$1.ext"
  openssl ca -batch -config "$work/$1.cnf" -selfsign -keyfile "$work/$1.key" -in "$work/$1.csr" \
    -out "$work/$1.crt" -notext -extfile "$work/$1.ext" -startdate $BEGIN -enddate $END
}
issue() { # authority, name, subject alternative names, begin, end
  request "$2"
  printf '%s\n' "basicConstraints=CA:FALSE" "keyUsage=digitalSignature" \
    "extendedKeyUsage=serverAuth,clientAuth" "subjectAltName=$3" "subjectKeyIdentifier=hash" \
    "authorityKeyIdentifier=keyid" >"$work/$2.ext"
  openssl ca -batch -config "$work/$1.cnf" -cert "$work/$1.crt" -keyfile "$work/$1.key" \
    -in "$work/$2.csr" -out "$work/$2.crt" -notext -extfile "$work/$2.ext" \
    -startdate "$4" -enddate "$5"
  cat "$work/$2.crt" "$work/$2.key" >"$2.pem"
}
BEGIN=20200101000000Z
END=21200101000000Z
authority authority
authority stranger-authority
issue authority server DNS:localhost,IP:127.0.0.1 $BEGIN $END
issue authority renewed DNS:localhost,IP:127.0.0.1 $BEGIN $END
issue authority enc_a DNS:enc-a.example $BEGIN $END
issue authority enc_b DNS:enc-b.example $BEGIN $END
issue authority revoked DNS:enc-a.example $BEGIN $END
issue authority expired DNS:enc-a.example $BEGIN 20210101000000Z
issue stranger-authority stranger DNS:enc-a.example $BEGIN $END
openssl ca -config "$work/authority.cnf" -cert "$work/authority.crt" -keyfile "$work/authority.key" \
  -revoke "$work/revoked.crt"
openssl ca -config "$work/authority.cnf" -cert "$work/authority.crt" -keyfile "$work/authority.key" \
  -gencrl -crl_lastupdate $BEGIN -crl_nextupdate $END -out revoked.crl
cp "$work/authority.crt" authority.pem
