// @ts-check
/** Minimal pairs of grammar: [good, bad]. The kinds of BLiMP (Warstadt et al. 2020) and CLiMP (Xiang et al. 2021), sentences of our own. */

/** @type {[string, string][]} singular, plural */
const nouns = [
  ['dog', 'dogs'],
  ['king', 'kings'],
  ['ship', 'ships'],
  ['woman', 'women'],
  ['soldier', 'soldiers'],
  ['child', 'children'],
  ['house', 'houses'],
  ['friend', 'friends'],
  ['law', 'laws'],
  ['city', 'cities'],
];
/** @type {[string, string, string][]} singular verb, plural verb, rest */
const verbs = [
  ['is', 'are', 'very old'],
  ['was', 'were', 'near the river'],
  ['has', 'have', 'been seen before'],
];

/** @type {[string, string][]} */
const english = [
  ...nouns.map(([one, many], at) => {
    const [singular, plural, rest] = /** @type {[string, string, string]} */ (verbs[at % verbs.length]);
    return /** @type {[string, string]} */ (
      at % 2 === 0
        ? [`The ${one} ${singular} ${rest}.`, `The ${one} ${plural} ${rest}.`]
        : [`The ${many} ${plural} ${rest}.`, `The ${many} ${singular} ${rest}.`]
    );
  }),
  // Agreement across another noun.
  ['The key to the cabinets is lost.', 'The key to the cabinets are lost.'],
  ['The books on the table are mine.', 'The books on the table is mine.'],
  ['The roof of the houses was red.', 'The roof of the houses were red.'],
  ['The letters from my sister were long.', 'The letters from my sister was long.'],
  ['The son of the kings has come.', 'The son of the kings have come.'],
  ['The men in the boat have oars.', 'The men in the boat has oars.'],
  // Determiner and noun.
  ['He has read these books.', 'He has read these book.'],
  ['He has read this book.', 'He has read this books.'],
  ['She wants many things.', 'She wants many thing.'],
  ['They saw a man.', 'They saw a men.'],
  ['I have two sisters.', 'I have two sister.'],
  ['Those days are gone.', 'Those day are gone.'],
  ['She ate an apple.', 'She ate a apple.'],
  ['He waited for an hour.', 'He waited for a hour.'],
  ['It was a great honor.', 'It was an great honor.'],
  ['Each man has his own house.', 'Each men has his own house.'],
  // Case of pronouns.
  ['She saw him yesterday.', 'She saw he yesterday.'],
  ['They gave it to me.', 'They gave it to I.'],
  ['He and she went home.', 'Him and she went home.'],
  ['We know them well.', 'Us know them well.'],
  ['It belongs to her.', 'It belongs to she.'],
  ['I told them the truth.', 'I told they the truth.'],
  // Reflexives.
  ['The girl hurt herself.', 'The girl hurt himself.'],
  ['The boys hurt themselves.', 'The boys hurt himself.'],
  ['I saw myself in the mirror.', 'I saw herself in the mirror.'],
  ['The king praised himself.', 'The king praised themselves.'],
  // Forms of the verb.
  ['He has gone home.', 'He has went home.'],
  ['She did not go there.', 'She did not went there.'],
  ['They will come tomorrow.', 'They will came tomorrow.'],
  ['I want to see it.', 'I want to saw it.'],
  ['He must be there.', 'He must is there.'],
  ['They were singing a song.', 'They were sing a song.'],
  ['The letter was written by him.', 'The letter was wrote by him.'],
  ['She can speak French.', 'She can speaks French.'],
  ['He enjoys reading.', 'He enjoys to reading.'],
  ['Do you know him?', 'Does you know him?'],
  ['He does not like it.', 'He do not like it.'],
  ['I have never seen it.', 'I have never saw it.'],
  // Order of words.
  ['He went to the house.', 'He to went the house.'],
  ['She is a good woman.', 'She is a woman good.'],
  ['I do not know.', 'I know do not.'],
  ['Where have you been?', 'Where you have been?'],
  ['They gave the boy a book.', 'They the boy gave a book.'],
  ['It is very cold today.', 'It very is cold today.'],
  ['All of the men were there.', 'Of all the men there were of.'],
  ['He had a large red coat.', 'He had a coat large red.'],
  // Degree and quantity.
  ['He is taller than his brother.', 'He is tallest than his brother.'],
  ['She is the oldest of them all.', 'She is the older of them than all.'],
  ['This is much better.', 'This is much gooder.'],
  ['There is not much water.', 'There is not many water.'],
  ['There are not many people.', 'There are not much people.'],
  ['He is as strong as a lion.', 'He is as strong than a lion.'],
  // Who and which, if and that.
  ['The man who came was old.', 'The man which came he was old.'],
  ['I think that he is right.', 'I think that is he right.'],
  ['If it rains, we stay here.', 'If it rains, stay we here.'],
  ['Nobody has ever been there.', 'Somebody has ever been there.'],
];

/** @type {[string, string][]} */
const chinese = [
  // 量词
  ['他买了一本书。', '他买了一匹书。'],
  ['桌上有一张纸。', '桌上有一条纸。'],
  ['他骑着一匹马。', '他骑着一本马。'],
  ['河里有一条鱼。', '河里有一本鱼。'],
  ['门前有一棵树。', '门前有一张树。'],
  ['她写了一封信。', '她写了一头信。'],
  ['天上有一轮明月。', '天上有一本明月。'],
  ['他喝了一杯酒。', '他喝了一棵酒。'],
  ['村里有一座桥。', '村里有一封桥。'],
  ['他有一把刀。', '他有一座刀。'],
  ['那是一件衣服。', '那是一杯衣服。'],
  ['来了三个人。', '来了三人个。'],
  // 把字句与被字句
  ['他把门关上了。', '他门把关上了。'],
  ['我把信写好了。', '我写好了把信。'],
  ['请把书给我。', '请给我把书。'],
  ['他被人骂了。', '他人被骂了。'],
  ['那本书被他拿走了。', '那本书他被拿走了。'],
  ['她把孩子抱起来。', '她把抱起来孩子。'],
  // 否定
  ['我没有去过那里。', '我不有去过那里。'],
  ['他昨天没来。', '他昨天来没。'],
  ['我不知道。', '我知道不。'],
  ['这不是我的书。', '这是不我的书。'],
  ['不要说话。', '说话不要。'],
  ['他还没有吃饭。', '他没有还吃饭。'],
  // 了、着、过
  ['他看着我。', '他着看我。'],
  ['我去过北京。', '我过去北京了过。'],
  ['花开了。', '花了开。'],
  ['他走了三天了。', '他三天走了了。'],
  ['门开着。', '门着开。'],
  ['他已经回家了。', '他已经了回家。'],
  // 的、得、地
  ['他跑得很快。', '他跑的得快很。'],
  ['这是我的家。', '这是的我家。'],
  ['她慢慢地走来。', '她地慢慢走来。'],
  ['红色的花很美。', '的红色花很美。'],
  ['他说得对。', '他得说对。'],
  ['父亲的朋友来了。', '父亲朋友的来了。'],
  // 比较
  ['他比我高。', '他高比我。'],
  ['今天比昨天冷。', '今天冷比昨天。'],
  ['他跟我一样高。', '他一样高跟我。'],
  ['这个最好。', '这个好最。'],
  ['他比我更老。', '他更比我老。'],
  ['没有人比他好。', '没有人好他比。'],
  // 时间与地点的次序
  ['我明天去北京。', '我去明天北京。'],
  ['他在家里看书。', '他看书家里在。'],
  ['我们每天都吃饭。', '我们都吃饭每天都。'],
  ['他从山上下来。', '他下来山上从。'],
  ['春天来了。', '来春天了。'],
  ['他住在城里。', '他城里住在。'],
  // 副词
  ['我们都是朋友。', '都我们是朋友。'],
  ['他也来了。', '也他来了。'],
  ['我很喜欢它。', '很我喜欢它。'],
  ['天非常冷。', '非常天冷。'],
  ['他只有一个儿子。', '他有只一个儿子。'],
  ['大家一起走。', '一起大家走吧走。'],
  // 疑问与指示
  ['你是谁？', '是谁你？'],
  ['这是什么？', '什么是这？'],
  ['你要去哪里？', '你要哪里去在？'],
  ['他为什么不来？', '他不来为什么吗？'],
  ['这个人我认识。', '个这人我认识。'],
  ['那些书是他的。', '些那书是他的。'],
  // 复句与介词
  ['因为下雨，所以他没来。', '所以下雨，因为他没来。'],
  ['如果你去，我也去。', '你如果，去我也去。'],
  ['虽然他老了，但是还很强。', '但是他老了，虽然还很强。'],
  ['他对我很好。', '他我对很好。'],
  ['我给他一本书。', '我一本书他给。'],
  ['这是为人民做的事。', '这是人民为做事的。'],
];

export default { en: english.map(([good, bad]) => ({ good, bad })), zh: chinese.map(([good, bad]) => ({ good, bad })) };
