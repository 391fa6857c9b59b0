// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { printConverted } from '../../../../src/config/keepalived/yaml.js'
import { parseYaml } from '../../../../src/config/yaml.js'
import { read, server } from './given.js'

const text = `vrrp_instance V {\n}\n${server('delay_loop 6\n$H=a\u0007b\nvirtualhost $H')}`
const { desired, remarks } = read(text)
const yaml = desired === undefined ? '' : printConverted(desired, remarks, 'k\n.conf')

it('the YAML of a reading is read back as the same', () => {
  expect(parseYaml(yaml, 'lb.yaml')).toEqual({ ok: true, value: desired })
})

it('what has no place in it is a comment with file, line and reason', () => {
  const comments = yaml.split('\n').filter((line) => line.startsWith('#'))
  expect(comments).toContain(
    "#   keepalived.conf:1: vrrp_instance V: ignored: VRRP and addresses stay keepalived's own task",
  )
  expect(comments).toContain('#   keepalived.conf:7: delay_loop 6: ignored: it has no checker')
})

it('nothing of the file can break out of its comment', () => {
  expect(yaml).toContain('# made from k\\u000a.conf by')
  expect(yaml).toContain('virtualhost a\\u0007b')
})
