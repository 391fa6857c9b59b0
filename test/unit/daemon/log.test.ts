// SPDX-License-Identifier: Apache-2.0
// One line for each change of state, in the three formats, with journald's priorities where journald listens.
import { closeSync, fstatSync, openSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { EventRow } from '../../../src/api/contract-sight.js'
import { createLogger, eventName, isJournal } from '../../../src/daemon/log.js'
import type { LogFormat } from '../../../src/model/events.js'

const DOWN: EventRow = {
  id: 7,
  at: Date.UTC(2026, 10, 21, 12, 3, 10, 5),
  kind: 'real',
  severity: 'warning',
  service: 'tcp 192.0.2.10:80',
  real: 'tcp 192.0.2.10:80 > 192.0.2.21',
  from: 'up',
  to: 'down',
  reason: 'refused: "connection" refused',
  text: 'real server 192.0.2.21 of tcp 192.0.2.10:80: up -> down, refused: "connection" refused',
}

function logged(format?: LogFormat, journal = false) {
  const out: string[] = []
  const logger = createLogger({ write: (text) => void out.push(text), format, journal, now: () => DOWN.at })
  return { out, logger }
}

describe('an event', () => {
  it('is a sentence as text', () => {
    const { out, logger } = logged()
    logger.event(DOWN)
    expect(out).toEqual([`${DOWN.text}\n`])
  })

  it('is pairs, quoted where a bare word would not be one', () => {
    const { out, logger } = logged('keyvalue')
    logger.event(DOWN)
    expect(out).toEqual([
      'event=real-down service="tcp 192.0.2.10:80" real="tcp 192.0.2.10:80 > 192.0.2.21" from=up to=down ' +
        'reason="refused: \\"connection\\" refused" severity=warning id=7\n',
    ])
  })

  it('is an object on a line of its own as JSON', () => {
    const { out, logger } = logged('json')
    logger.event(DOWN)
    expect(out).toHaveLength(1)
    expect(out[0]?.endsWith('\n')).toBe(true)
    const { kind: _, ...rest } = DOWN
    expect(JSON.parse(out[0] ?? '')).toEqual({ ...rest, at: '2026-11-21T12:03:10.005Z', event: 'real-down' })
  })

  it('has a name of what it became, where that is a word', () => {
    expect(eventName({ kind: 'failover', to: 'MASTER' })).toBe('failover-master')
    expect(eventName({ kind: 'apply', to: 'rolled-back' })).toBe('apply-rolled-back')
    expect(eventName({ kind: 'weight', to: '5' })).toBe('weight-changed')
    expect(eventName({ kind: 'service', to: 'scheduler mh' })).toBe('service-changed')
    expect(eventName({ kind: 'mended' })).toBe('mended-changed')
  })

  it('of the daemon itself is no sentence: the greeting says it', () => {
    const text = logged()
    const json = logged('json')
    for (const { logger } of [text, json]) logger.event({ ...DOWN, kind: 'daemon', to: 'started' })
    expect([text.out.length, json.out.length]).toEqual([0, 1])
  })
})

describe('for journald', () => {
  it('every line has its priority', () => {
    const { out, logger } = logged('text', true)
    for (const severity of ['error', 'warning', 'notice', 'info'] as const)
      logger.event({ ...DOWN, severity, text: severity })
    logger.line('two\nlines')
    expect(out).toEqual(['<3>error\n', '<4>warning\n', '<5>notice\n', '<6>info\n', '<5>two\n', '<5>lines\n'])
  })

  it('it is known by the very stream that systemd names, not by a variable that was inherited', () => {
    const fd = openSync('/dev/null', 'w')
    try {
      const { dev, ino } = fstatSync(fd)
      expect(isJournal({ JOURNAL_STREAM: `${dev}:${ino}` }, fd)).toBe(true)
      expect(isJournal({ JOURNAL_STREAM: `${dev}:${ino + 1}` }, fd)).toBe(false)
      expect(isJournal({}, fd)).toBe(false)
      expect(isJournal({ JOURNAL_STREAM: `${dev}:${ino}` }, 1_000_000)).toBe(false)
    } finally {
      closeSync(fd)
    }
  })
})

describe('the format', () => {
  it('is the file’s until another is read, unless the command line said one', () => {
    const free = logged()
    free.logger.use('json')
    free.logger.line('one')
    free.logger.use(undefined)
    free.logger.line('two')
    expect(free.out[0]).toContain('"event":"message"')
    expect(free.out[1]).toBe('two\n')
    const fixed = logged('keyvalue')
    fixed.logger.use('json')
    fixed.logger.line('a line\nand another')
    expect(fixed.out).toEqual(['event=message text="a line\\nand another"\n'])
  })
})
