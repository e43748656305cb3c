import { parseArguments } from './arguments';

const choices = {
  cases: ['steps', 'latency'],
  ours: ['stepwell-one', 'stepwell-five'],
  scaled: ['stepwell-five-x2'],
  peers: ['restate'],
};
const parse = (...args: string[]) => parseArguments(args, choices);

test('without arguments it is ours alone, in the first case', () => {
  expect(parse()).toEqual({
    cases: ['steps'],
    engines: ['stepwell-one', 'stepwell-five'],
    runs: 3,
    seconds: 10,
    steps: undefined,
    inFlight: undefined,
    page: false,
    profile: undefined,
  });
});

test('everything can be said', () => {
  const args =
    '--case all --engines stepwell-one --peers restate --runs 5 --seconds 2 --steps 0 --in-flight 7,70 --page --profile to';
  expect(parse(...args.split(' '))).toEqual({
    cases: ['steps', 'latency'],
    engines: ['stepwell-one', 'restate'],
    runs: 5,
    seconds: 2,
    steps: [0],
    inFlight: [7, 70],
    page: true,
    profile: 'to',
  });
});

test('what is named twice is measured once', () => {
  expect(parse('--case', 'latency,latency').cases).toEqual(['latency']);
});

test('what is scaled is measured when it is asked for', () => {
  expect(parse('--engines', 'stepwell-one,stepwell-five-x2').engines).toEqual(['stepwell-one', 'stepwell-five-x2']);
});

test.each([
  ['--case', 'speed', '--case speed: there are steps, latency'],
  ['--peers', 'restate,other', '--peers other: there are restate'],
  ['--runs', '0', '--runs 0: a whole number from 1 on'],
  ['--in-flight', '10,0', '--in-flight 0: a whole number from 1 on'],
  ['--seconds', '1.5', '--seconds 1.5: a whole number from 1 on'],
  ['--fast', '', "Unknown option '--fast'"],
])('%s %s is refused', (option, value, message) => {
  expect(() => parse(...[option, value].filter((each) => each !== ''))).toThrow(message);
});
