/*
 * Bounded encoding of bytes: what the store keeps in its rows and what goes
 * over its socket. Integers are big endian, so that keys made of them sort by
 * value. A short string or an identifier is a length byte and the bytes.
 *
 * Decoding never reads beyond the end: the first read that would, turns the
 * decoder failed, and that read and all later ones give zeros. A caller decodes
 * everything and then asks decoder_finish() once.
 */
#pragma once

#include "lib/buffer.h"
#include "lib/slice.h"
#include "lib/uuid.h"

#include <stdint.h>

struct decoder {
	const uint8_t *at;
	const uint8_t *end;
	bool failed;
};

void encode_u8(struct buffer *to, uint8_t value);
void encode_u16(struct buffer *to, uint16_t value);
void encode_u32(struct buffer *to, uint32_t value);
void encode_u64(struct buffer *to, uint64_t value);

/* A length byte and the bytes; slice.len must be at most 255. */
void encode_short(struct buffer *to, struct slice slice);

/* A length of four bytes and the bytes; slice.len must be below 2^32. */
void encode_long(struct buffer *to, struct slice slice);

/* The bytes, without a length. */
void encode_uuid(struct buffer *to, const struct uuid *uuid);

struct decoder decoder_of(const void *data, size_t len);
uint8_t decode_u8(struct decoder *from);
uint16_t decode_u16(struct decoder *from);
uint32_t decode_u32(struct decoder *from);
uint64_t decode_u64(struct decoder *from);
struct uuid decode_uuid(struct decoder *from);

/* These point into the decoded bytes and live as long as those. */
struct slice decode_bytes(struct decoder *from, size_t n);
struct slice decode_short(struct decoder *from);
struct slice decode_long(struct decoder *from);
struct slice decode_rest(struct decoder *from);

/* 0 if everything was there and nothing is left over, else -EBADMSG. */
int decoder_finish(const struct decoder *from);
