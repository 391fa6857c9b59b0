// SPDX-License-Identifier: Apache-2.0
// The two messages of grpc.health.v1.Health/Check in bytes, and gRPC's own words. Reads any bytes without an exception.

/** HealthCheckRequest { string service = 1 }, in gRPC's frame: not compressed, length, message. */
export function healthRequest(service: string): Buffer {
  const name = Buffer.from(service)
  const message = name.length === 0 ? name : Buffer.concat([Buffer.of(0x0a), varint(name.length), name])
  const frame = Buffer.alloc(5)
  frame.writeUInt32BE(message.length, 1)
  return Buffer.concat([frame, message])
}

/** HealthCheckResponse { ServingStatus status = 1 } of gRPC's frame; undefined when the bytes are no such thing. */
export function healthStatus(frame: Buffer): number | undefined {
  if (frame.length < 5 || frame[0] !== 0 || frame.readUInt32BE(1) !== frame.length - 5) return undefined
  let status = 0
  for (let at = 5; at < frame.length; ) {
    const field = readField(frame, at)
    if (field === undefined) return undefined
    if (field.tag === 0x08) status = field.value
    at = field.end
  }
  return status
}

/** By number. */
export const SERVING = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'] as const

/** Of grpc-status, by number. */
export const GRPC_CODES: readonly string[] = (
  'OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED ' +
  'RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS ' +
  'UNAUTHENTICATED'
).split(' ')

interface Field {
  readonly tag: number
  /** of numbers and of lengths */
  readonly value: number
  readonly end: number
}

function readField(bytes: Buffer, at: number): Field | undefined {
  const tag = readVarint(bytes, at)
  if (tag === undefined || tag.value < 8) return undefined
  const wire = tag.value & 7
  if (wire === 1 || wire === 5) {
    const end = tag.end + (wire === 1 ? 8 : 4)
    return end > bytes.length ? undefined : { tag: tag.value, value: 0, end }
  }
  const number = wire === 0 || wire === 2 ? readVarint(bytes, tag.end) : undefined
  if (number === undefined) return undefined
  const end = number.end + (wire === 2 ? number.value : 0)
  return end > bytes.length ? undefined : { tag: tag.value, value: number.value, end }
}

function readVarint(bytes: Buffer, at: number): { value: number; end: number } | undefined {
  let value = 0
  for (let i = 0; i < 10; i++) {
    const byte = bytes[at + i]
    if (byte === undefined) return undefined
    value += (byte & 0x7f) * 2 ** (7 * i)
    if (byte < 0x80) return { value, end: at + i + 1 }
  }
  return undefined
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  for (let left = value; ; left = Math.floor(left / 128)) {
    if (left < 128) return Buffer.from([...bytes, left])
    bytes.push((left % 128) + 128)
  }
}
