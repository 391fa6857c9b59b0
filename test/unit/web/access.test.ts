// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { ROUTES, type RouteName } from '../../../src/api/routes.js'
import { accessOf, bodyProblem, queryProblem, refusedAccess } from '../../../src/web/access.js'
import { tokenOf } from '../../../src/web/token.js'

const token = tokenOf('correct-horse-battery-staple')
const right = 'Bearer correct-horse-battery-staple'

describe('the console', () => {
  it('shows without a token what changes nothing', () => {
    for (const name of ['status', 'services', 'reals', 'slots', 'health'] as const)
      expect(refusedAccess(name, undefined, undefined)).toBeUndefined()
  })

  it('has three changes, and those with a token only', () => {
    const changes = (Object.keys(ROUTES) as RouteName[]).filter(
      (name) => ROUTES[name].method !== 'GET' && accessOf(name) === 'change',
    )
    expect(changes.sort()).toEqual(['drain', 'setReal', 'undrain'])
    for (const name of changes) {
      expect(refusedAccess(name, undefined, right)).toMatchObject({
        status: 403,
        problem: { reason: 'this console only shows', fix: expect.stringContaining('token-file') },
      })
      expect(refusedAccess(name, token, undefined)?.status).toBe(401)
      expect(refusedAccess(name, token, 'Bearer no')?.status).toBe(401)
      expect(refusedAccess(name, token, right)).toBeUndefined()
    }
  })

  it.each(['flush', 'apply', 'reload', 'detachAll', 'removeReal', 'tune'] as const)(
    'never has %s, whatever the token',
    (name) => {
      expect(refusedAccess(name, token, right)?.status).toBe(403)
    },
  )

  it('changes the weight of a real server and nothing else', () => {
    expect(bodyProblem('setReal', { weight: 3 })).toBeUndefined()
    for (const body of [undefined, null, [], {}, { upper: 1 }, { weight: 3, upper: 1 }])
      expect(bodyProblem('setReal', body)?.reason).toContain('nothing else')
    expect(bodyProblem('drain', { real: '192.0.2.21' })).toBeUndefined()
  })

  it('does not follow', () => {
    expect(queryProblem({ follow: '1' })?.fix).toContain('/api/v1/live')
    expect(queryProblem({ limit: '1' })).toBeUndefined()
  })
})
