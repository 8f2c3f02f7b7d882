using Relaybox.MongoDouble.Language;
using Relaybox.MongoDouble.Tests.Language.Cases;

namespace Relaybox.MongoDouble.Tests.Language;

public sealed class ImplicationTests
{
    [Theory]
    [InlineData("{a: 1}", "{}")]
    [InlineData("{a: 1}", "{a: 1}")]
    [InlineData("{a: 1, b: 2}", "{a: 1.0}")]
    [InlineData("{$and: [{a: 1}, {b: 2}]}", "{$and: [{a: 1}, {b: 2}]}")]
    [InlineData("{a: 1}", "{a: {$exists: true}}")]
    [InlineData("{a: {$gt: 1}}", "{a: {$exists: true}}")]
    [InlineData("{a: {$type: 'date'}}", "{a: {$exists: true}}")]
    [InlineData("{a: {$exists: true}}", "{a: {$exists: true}}")]
    [InlineData("{a: {$type: 'date'}}", "{a: {$type: ['date', 'null']}}")]
    [InlineData("{a: 'x'}", "{a: {$type: 'string'}}")]
    [InlineData("{a: 5}", "{a: {$type: 'number'}}")]
    [InlineData("{a: {$gte: ISODate('2026-01-01T00:00:00Z')}}", "{a: {$type: 'date'}}")]
    [InlineData("{a: {$gt: 5}}", "{a: {$gt: 5}}")]
    [InlineData("{a: {$gt: 6}}", "{a: {$gte: 5}}")]
    [InlineData("{a: {$lt: 5}}", "{a: {$lte: 5}}")]
    [InlineData("{a: {$in: [6, 7]}}", "{a: {$gt: 5}}")]
    [InlineData("{a: {$in: [1, 2]}}", "{a: {$in: [2, 1, 3]}}")]
    [InlineData("{a: 1}", "{a: {$in: [1, 2]}}")]
    [InlineData("{a: {$in: [1, 2]}}", "{$or: [{a: {$in: [1, 2, 3]}}, {b: 1}]}")]
    [InlineData("{$or: [{a: 1}, {a: 2}]}", "{a: {$gt: 0}}")]
    [InlineData("{a: null}", "{a: null}")]
    public void It_follows(string filter, string partial) => Assert.True(Implies(filter, partial));

    [Theory]
    [InlineData("{}", "{a: 1}")]
    [InlineData("{b: 1}", "{a: 1}")]
    [InlineData("{a: 2}", "{a: 1}")]
    [InlineData("{a: null}", "{a: {$exists: true}}")]
    [InlineData("{a: {$ne: 1}}", "{a: {$exists: true}}")]
    [InlineData("{a: {$gt: MinKey}}", "{a: {$exists: true}}")]
    [InlineData("{a: {$gte: null}}", "{a: {$exists: true}}")]
    [InlineData("{a: {$in: [null, 1]}}", "{a: {$exists: true}}")]
    [InlineData("{a: 5}", "{a: {$type: 'int'}}")]
    [InlineData("{a: {$type: ['date', 'null']}}", "{a: {$type: 'date'}}")]
    [InlineData("{a: {$gte: 5}}", "{a: {$gt: 5}}")]
    [InlineData("{a: {$gt: 4}}", "{a: {$gt: 5}}")]
    [InlineData("{a: {$gt: 'x'}}", "{a: {$gt: 5}}")]
    [InlineData("{a: {$lt: 5}}", "{a: {$gt: 1}}")]
    [InlineData("{a: {$in: [1, 9]}}", "{a: {$lt: 5}}")]
    [InlineData("{a: {$in: [/x/]}}", "{a: {$exists: true}}")]
    [InlineData("{$or: [{a: 1}, {b: 2}]}", "{a: 1}")]
    [InlineData("{$nor: [{a: 1}]}", "{a: 1}")]
    [InlineData("{$expr: {$eq: ['$a', 1]}}", "{a: 1}")]
    [InlineData("{a: 1}", "{a: 1, b: 1}")]
    public void It_is_not_sure(string filter, string partial) => Assert.False(Implies(filter, partial));

    [Theory]
    [InlineData("{a: 1, b: {$in: [1, 2]}, c: {$exists: true}, d: {$type: 'date'}, e: {$gte: 1}}", true)]
    [InlineData("{$or: [{a: 1}, {$and: [{b: 1}]}]}", true)]
    [InlineData("{a: {$exists: false}}", false)]
    [InlineData("{a: {$ne: 1}}", false)]
    [InlineData("{a: /x/}", false)]
    [InlineData("{$expr: {$eq: ['$a', 1]}}", false)]
    public void An_index_is_limited_by_plain_conditions_only(string filter, bool can) =>
        Assert.Equal(can, Filter.Parse(LanguageCase.Read(filter).AsBsonDocument).CanLimitIndex);

    private static bool Implies(string filter, string partial) =>
        Filter.Parse(LanguageCase.Read(filter).AsBsonDocument).Implies(LanguageCase.Read(partial).AsBsonDocument);
}
