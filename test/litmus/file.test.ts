import { describe, expect, test } from '@jest/globals';
import { parseLitmus } from '../../src/litmus/file.js';
import { resultText } from '../../src/litmus/result-text.js';
import { runLitmus } from '../../src/litmus/run.js';

const mp = `AArch64 MP+dmb.ish+po
"what diy says of it"
(* a comment (* and one in it *)
   Result: Sometimes *)
{ uint64_t x=0; y;
  0:X1=x; 0:X3=y; 1:X1=y; 1:X3=x; }
 P0          | P1          ;
 MOV W0,#1   | LDR W0,[X1] ;
 STR W0,[X1] | LDR W2,[X3] ;
 DMB ISH     |             ;
 MOV W2,#1   |             ;
 STR W2,[X3] |             ;
locations [x;]
exists (1:X0=1 /\\ 1:X2=0)
`;

function run(text: string): string {
  return resultText(runLitmus(parseLitmus('a.litmus', text)));
}

test('a test is printed as herd does', () => {
  expect(run(mp)).toBe(`Test MP+dmb.ish+po Allowed
States 4
1:X0=0; 1:X2=0; x=1;
1:X0=0; 1:X2=1; x=1;
1:X0=1; 1:X2=0; x=1;
1:X0=1; 1:X2=1; x=1;
Ok
Witnesses
Positive: 1 Negative: 3
Condition exists (1:X0=1 /\\ 1:X2=0)
Observation MP+dmb.ish+po Sometimes 1 3
Memory arm64
`);
});

const one = (code: string, condition: string, init = '0:X1=x; 0:X2=1; x=5;'): string =>
  `AArch64 one\n{ ${init} }\n P0 ;\n${code
    .split('\n')
    .map((line) => ` ${line} ;\n`)
    .join('')}${condition}\n`;

describe('of one thread', () => {
  test.each<[string, string, string?]>([
    ['LDADD W2,W3,[X1]', 'forall (x=6 /\\ 0:X3=5)'],
    ['LDSET W2,W3,[X1]\nLDEOR W2,W4,[X1]', 'forall (x=4 /\\ 0:X4=5)'],
    ['LDCLR W2,W3,[X1]', 'forall (x=4)'],
    ['MOV W3,#5\nCAS W3,W2,[X1]', 'forall (x=1 /\\ 0:X3=5)'],
    ['MOV W3,#4\nCASAL W3,W2,[X1]', 'forall (x=5 /\\ 0:X3=5)'],
    ['SWPAL W2,WZR,[X1]', 'forall x=1'],
    ['CMP W2,#1\nB.NE out\nMOV W3,#7\nout: NOP', 'forall 0:X3=7'],
    ['CBZ W2,out\nMOV W3,#7\nout:', 'forall 0:X3=7'],
    ['B out\nMOV W3,#7\nout:', 'forall ~(0:X3=7)'],
    ['SUB W3,W2,#3\nAND W4,W2,#3\nORR W5,W2,#6', 'forall (0:X3=-2 /\\ 0:X4=1 /\\ 0:X5=7)'],
    ['LDR X3,[X1]\nLDAPR W4,[X3]', 'forall (0:X3=y /\\ 0:X4=9)', '0:X1=x; x=y; y=9;'],
    ['STLR W2,[X1]\nDMB ISHLD\nDSB SY\nISB', 'forall (x=1 \\/ false=1)'],
  ])('%s: %s', (code, condition, init) => {
    expect(run(one(code, condition, init))).toMatch(/\nOk\n/);
  });
});

const c = (code: string, condition: string, init = 'x=5;', locals = 'int r0; int r1;'): string =>
  `C one\n{ ${init} }\nP0(int *x, atomic_t *v)\n{\n ${locals}\n ${code}\n}\n${condition}\n`;

describe('of C', () => {
  test.each<[string, string, string?]>([
    ['r0 = READ_ONCE(*x); if (r0 == 5 && !r1) r1 = 3; else r1 = 4;', 'forall (0:r1=3)'],
    ['if (READ_ONCE(*x) != 5) { r0 = 1; } else if (1) { r0 = 2; } // not 3', 'forall (0:r0=2)'],
    ['r0 = 1 + 2 * 3 - (4 | 1) ^ 8; /* as C binds */', 'forall (0:r0=10)'],
    ['r0 = -1 < 0x10 || 1 << 2 >= 5; r1 = ~0 & 7u;', 'forall (0:r0=1 /\\ 0:r1=7)'],
    ['r0 = 0 && xchg(x, 7); r1 = 1 || xchg(x, 8);', 'forall (x=5 /\\ 0:r0=0 /\\ 0:r1=1)'],
    ['int *r2 = (int *)READ_ONCE(*x); r0 = READ_ONCE(*r2);', 'forall (0:r0=9)', 'int *x = &y; int y = 9;'],
    ['r0 = cmpxchg(x, 4, 1); r1 = cmpxchg(x, 5, 2);', 'forall (x=2 /\\ 0:r0=5 /\\ 0:r1=5)'],
    [
      'r0 = atomic_add_return(2, v); r1 = atomic_fetch_sub_release(1, v);',
      'forall (v=1 /\\ 0:r0=2 /\\ 0:r1=2)',
    ],
    [
      'atomic_dec(v); r0 = atomic_inc_and_test(v); r1 = atomic_add_unless(v, 1, 0);',
      'forall (v=0 /\\ 0:r0=1)',
    ],
    ['atomic_set(v, 6); atomic_andnot(2, v); r0 = atomic_fetch_xor(1, v);', 'forall (v=5 /\\ 0:r0=4)'],
    ['WRITE_ONCE(*x, 6); (void)xchg_relaxed(x, 7); r0 = smp_load_acquire(x);', 'forall (0:r0=7)'],
  ])('%s: %s', (code, condition, init) => {
    expect(run(c(code, condition, init))).toMatch(/\nOk\n/);
  });

  test('filter leaves states out', () => {
    const text = `C one\n{}\nP0(int *x) { int r0; r0 = READ_ONCE(*x); }\nP1(int *x) { WRITE_ONCE(*x, 1); }\n`;
    expect(run(`${text}filter (0:r0=1) exists (x=1)`)).toContain('States 1\nx=1;\nOk');
    expect(run(`${text}locations [0:r0]\nfilter (~0:r0=1)\nexists (x=1)`)).toContain(
      'States 1\n0:r0=0; x=1;\n',
    );
    expect(() => run(`${text}filter (0:r0=1 exists (x=1)`)).toThrow('a.litmus:5:15: expected )');
  });
});

describe('a file that is not understood is refused, and where', () => {
  test.each([
    ['Mips X\n{}\n P0 ;\nexists true', '1:1: architecture Mips is not read: X86, AArch64 and C are'],
    ['', '1:1: expected an architecture and a name, such as AArch64 MP'],
    ['X86 a\n{}\n P0 ;\n', '4:1: expected exists, ~exists or forall'],
    ['X86 a\n{}\n P1 ;\nexists true', '3:2: expected P0'],
    ['X86 a\n{}\n P0 ;\n NOP | NOP ;\nexists true', '4:8: expected ;, for there are 1 threads'],
    ['X86 a\n{ x==1; }\n P0 ;\nexists true', '2:3: expected a first value, such as x=1 or 0:X1=x, not x==1'],
    ['X86 a\n{ 3:EAX=1; }\n P0 ;\nexists true', '2:3: there is no thread 3'],
    ['X86 a\n{}\n P0 ;\n MOV [x],$1 ;\n HLT ;\nexists true', '5:2: unknown instruction HLT'],
    ['X86 a\n{}\n P0 ;\n MOV [x],[y] ;\nexists true', '4:2: unknown instruction MOV [x],[y]'],
    [
      'X86 a\n{}\n P0 ;\n MOV [x],foo ;\nexists true',
      '4:10: expected a register, a number or a word, such as EAX, $1 or [x], not foo',
    ],
    ['X86 a\n{}\n P0 ;\n NOP ;\nexists (x=1 /\\ )', '5:16: expected a word, a register or a value'],
    ['X86 a\n{}\n P0 ;\n NOP ;\nexists (x=1', '5:12: expected )'],
    ['X86 a\n{}\n P0 ;\n NOP ;\nexists x=1 y', '5:12: expected /\\, \\/ or the end of the condition'],
    [c('while (1);', 'exists true'), '6:2: while: of statements only if and else are read'],
    [c('rcu_read_lock();', 'exists true'), '6:2: rcu_read_lock: grace periods of RCU are left out'],
    [
      c('r0 = *x;', 'exists true'),
      '6:7: plain accesses are not read: READ_ONCE(*x) and WRITE_ONCE(*x, 1) are',
    ],
    [
      c('*x = 1;', 'exists true'),
      '6:2: plain accesses are not read: READ_ONCE(*x) and WRITE_ONCE(*x, 1) are',
    ],
    [c('r0 = smp_mb();', 'exists true'), '6:7: smp_mb gives no value'],
    [c('r0 = spin_trylock(x);', 'exists true'), '6:7: unknown function spin_trylock'],
    [c('r0 = r7;', 'exists true'), '6:7: r7 is neither a parameter nor declared, as by int r7;'],
    [c('x = 1;', 'exists true'), '6:2: x is a parameter'],
    [c('WRITE_ONCE(x, 1);', 'exists true'), '6:13: expected a word, such as *x, not x'],
    [c('WRITE_ONCE(*x, 1, 2);', 'exists true'), '6:18: expected ) behind 2 arguments, not ,'],
    [c('smp_mb()', 'exists true'), '7:1: expected ;, not }'],
    [c('r0 = @;', 'exists true'), '6:7: @ is not read'],
    ['C a\n{}\nP0(int x) { }\nexists true', '3:8: expected the address of a word, such as int *x, not x'],
    ['C a\n{}\nP1(int *x) { }\nexists true', '3:1: expected P0, not P1'],
    ['C a\n{}\nP0(int *x) { if (1)', '3:20: expected exists, ~exists or forall'],
    ['C a\n{}\nP0(int *x) { if (1)\nexists true', '3:20: expected a statement, not the end'],
    [one('LDXP W3,W4,[X1]', 'exists true'), '4:2: LDXP is not read: words are of one size'],
    [
      one('STXR W3,[X1]', 'exists true'),
      '4:10: expected a register or an immediate value, such as #1, not [X1]',
    ],
    [one('STADDA W3,[X1]', 'exists true'), '4:2: unknown instruction STADDA'],
    [one('LDR W3,[1]', 'exists true'), '4:9: expected an address, such as [X1] or [X1,W2,SXTW], not [1]'],
    [one('MOV W3', 'exists true'), '4:8: expected a register or an immediate value, such as #1'],
    [one('MOV W3,#1,#2', 'exists true'), '4:12: expected the end of the instruction, not #2'],
  ])('%j', (text, message) => {
    expect(() => parseLitmus('a.litmus', text)).toThrow(`a.litmus:${message}`);
  });
});
