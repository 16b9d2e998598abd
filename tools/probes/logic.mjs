// @ts-check
/** Small inferences, by template: order, exclusion, kinds, negation, sequences. Every item has one answer that follows. */

/** @typedef {{ prompt: string, choices: string[] }} Item the first choice is right */

const namesEn = ['Tom', 'Ann', 'Sam', 'Mary', 'John', 'Jane', 'Peter', 'Kate'];
const namesZh = ['小王', '小李', '小张', '小刘', '小陈', '小杨', '小赵', '小周'];
/** @param {string[]} names @param {number} at */
const three = (names, at) => [0, 3, 5].map((step) => /** @type {string} */ (names[(at + step) % names.length]));

/** @returns {Item[]} */
function english() {
  /** @type {Item[]} */
  const items = [];
  for (const [at, [more, most]] of [
    ['older', 'oldest'],
    ['taller', 'tallest'],
    ['richer', 'richest'],
    ['stronger', 'strongest'],
    ['younger', 'youngest'],
    ['faster', 'fastest'],
    ['wiser', 'wisest'],
    ['kinder', 'kindest'],
  ].entries()) {
    const [a, b, c] = /** @type {[string, string, string]} */ (three(namesEn, at));
    items.push({
      prompt: `${a} is ${more} than ${b}. ${b} is ${more} than ${c}. The ${most} of the three is`,
      choices: [` ${a}`, ` ${b}`, ` ${c}`],
    });
    items.push({ prompt: `${a} is ${more} than ${b}. So ${b} is not ${more} than`, choices: [` ${a}`, ` ${c}`] });
  }
  for (const [a, b, thing] of [
    ['red', 'blue', 'box'],
    ['open', 'shut', 'door'],
    ['alive', 'dead', 'horse'],
    ['full', 'empty', 'cup'],
    ['true', 'false', 'story'],
    ['old', 'new', 'house'],
    ['here', 'there', 'book'],
    ['hot', 'cold', 'water'],
  ]) {
    items.push({ prompt: `The ${thing} is either ${a} or ${b}. It is not ${a}. So it is`, choices: [` ${b}`, ` ${a}`] });
    items.push({ prompt: `The ${thing} is either ${a} or ${b}. It is not ${b}. So it is`, choices: [` ${a}`, ` ${b}`] });
  }
  for (const [kind, what, other, one] of [
    ['birds', 'wings', 'wheels', 'robin is a bird'],
    ['dogs', 'tails', 'sails', 'spaniel is a dog'],
    ['trees', 'roots', 'horns', 'maple is a tree'],
    ['cities', 'streets', 'feathers', 'capital is a city'],
    ['houses', 'walls', 'ears', 'cottage is a house'],
    ['ships', 'hulls', 'leaves', 'frigate is a ship'],
    ['fish', 'fins', 'shoes', 'trout is a fish'],
    ['books', 'pages', 'paws', 'novel is a book'],
  ])
    items.push({ prompt: `All ${kind} have ${what}. A ${one}. So it has`, choices: [` ${what}`, ` ${other}`] });
  for (const [series, next, wrong] of [
    ['one, two, three,', ' four', ' nine'],
    ['two, four, six,', ' eight', ' seven'],
    ['ten, nine, eight,', ' seven', ' eleven'],
    ['first, second, third,', ' fourth', ' tenth'],
    ['a, b, c,', ' d', ' x'],
    ['red, blue, red, blue, red,', ' blue', ' red'],
    ['day, night, day, night, day,', ' night', ' day'],
    ['1, 2, 3, 4,', ' 5', ' 9'],
    ['10, 20, 30,', ' 40', ' 35'],
    ['Monday, Tuesday, Wednesday,', ' Thursday', ' Sunday'],
    ['cat, dog, bird, cat, dog, bird, cat, dog,', ' bird', ' cat'],
    ['up, down, up, down, up,', ' down', ' up'],
  ])
    items.push({ prompt: /** @type {string} */ (series), choices: [/** @type {string} */ (next), /** @type {string} */ (wrong)] });
  for (const [at, place] of ['garden', 'church', 'ship', 'market', 'castle', 'forest'].entries()) {
    const [a, b, c] = /** @type {[string, string, string]} */ (three(namesEn, at + 2));
    items.push({
      prompt: `${a} went to the ${place}. ${b} stayed at home. The one who went to the ${place} was`,
      choices: [` ${a}`, ` ${b}`],
    });
    items.push({
      prompt: `${a} gave the book to ${b}, and ${b} gave it to ${c}. Now the book is with`,
      choices: [` ${c}`, ` ${a}`, ` ${b}`],
    });
  }
  return items;
}

/** @returns {Item[]} */
function chinese() {
  /** @type {Item[]} */
  const items = [];
  for (const [at, quality] of ['大', '高', '老', '快', '富', '强', '重', '忙'].entries()) {
    const [a, b, c] = /** @type {[string, string, string]} */ (three(namesZh, at));
    items.push({ prompt: `${a}比${b}${quality}，${b}比${c}${quality}。三人中最${quality}的是`, choices: [a, b, c] });
    items.push({ prompt: `${a}比${b}${quality}。所以${b}不比`, choices: [`${a}${quality}`, `${c}${quality}`] });
  }
  for (const [thing, a, b] of [
    ['门', '开', '关'],
    ['水', '冷', '热'],
    ['话', '真', '假'],
    ['衣服', '新', '旧'],
    ['灯', '亮', '灭'],
    ['花', '红', '白'],
    ['路', '远', '近'],
    ['马', '黑', '白'],
  ]) {
    items.push({ prompt: `${thing}不是${a}的就是${b}的。它不是${a}的，所以它是`, choices: [`${b}的`, `${a}的`] });
    items.push({ prompt: `${thing}不是${a}的就是${b}的。它不是${b}的，所以它是`, choices: [`${a}的`, `${b}的`] });
  }
  for (const [kind, what, other, one] of [
    ['鸟', '翅膀', '轮子', '燕子是鸟'],
    ['鱼', '鳞', '鞋', '鲤鱼是鱼'],
    ['树', '根', '角', '柳树是树'],
    ['马', '四条腿', '八只手', '白马是马'],
    ['船', '船底', '树叶', '渔船是船'],
    ['书', '字', '脚', '史书是书'],
    ['房子', '墙', '耳朵', '草屋是房子'],
    ['王', '国家', '尾巴', '秦王是王'],
  ])
    items.push({
      prompt: `凡是${kind}都有${what}。${one}，所以它有`,
      choices: [/** @type {string} */ (what), /** @type {string} */ (other)],
    });
  for (const [series, next, wrong] of [
    ['一、二、三、', '四', '九'],
    ['二、四、六、', '八', '七'],
    ['十、九、八、', '七', '十'],
    ['甲、乙、丙、', '丁', '甲'],
    ['春、夏、秋、', '冬', '春'],
    ['东、西、东、西、东、', '西', '东'],
    ['日、夜、日、夜、日、', '夜', '日'],
    ['红、白、红、白、红、', '白', '红'],
    ['1、2、3、4、', '5', '9'],
    ['星期一、星期二、星期三、', '星期四', '星期日'],
    ['天、地、人、天、地、人、天、地、', '人', '天'],
    ['左、右、左、右、左、', '右', '左'],
  ])
    items.push({ prompt: /** @type {string} */ (series), choices: [/** @type {string} */ (next), /** @type {string} */ (wrong)] });
  for (const [at, place] of ['山上', '城里', '河边', '学校', '田里', '船上'].entries()) {
    const [a, b, c] = /** @type {[string, string, string]} */ (three(namesZh, at + 2));
    items.push({ prompt: `${a}去了${place}，${b}留在家里。去${place}的人是`, choices: [a, b] });
    items.push({ prompt: `${a}把书给了${b}，${b}又把书给了${c}。现在书在谁那里？在`, choices: [c, a, b] });
  }
  return items;
}

export default { en: english(), zh: chinese() };
