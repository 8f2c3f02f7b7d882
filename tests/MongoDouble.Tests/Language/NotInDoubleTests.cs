using MongoDB.Bson;
using Relaybox.MongoDouble.Language;
using Relaybox.MongoDouble.Language.Expressions;
using Relaybox.MongoDouble.Tests.Language.Cases;

namespace Relaybox.MongoDouble.Tests.Language;

/// <summary>What the server can and the double cannot is refused under a code of its own, never done halfway.</summary>
public sealed class NotInDoubleTests
{
    [Theory]
    [InlineData("{$dateToString: {date: '$a'}}")]
    [InlineData("{$regexMatch: {input: '$a', regex: 'x'}}")]
    public void Expressions(string expression) => AssertRefused(() => Expression.Parse(LanguageCase.Read(expression)));

    [Theory]
    [InlineData("[{$lookup: {from: 'x', as: 'y'}}]")]
    [InlineData("[{$out: 'x'}]")]
    [InlineData("[{$group: {_id: 1, a: {$stdDevPop: '$a'}}}]")]
    public void Stages(string pipeline) => AssertRefused(() => Pipeline.Parse(LanguageCase.Read(pipeline).AsBsonArray));

    [Theory]
    [InlineData("{$where: 'true'}")]
    [InlineData("{a: {$bitsAllSet: 1}}")]
    public void Filters(string filter) => AssertRefused(() => Filter.Parse(LanguageCase.Read(filter).AsBsonDocument));

    [Theory]
    [InlineData("{$bit: {a: {and: 1}}}")]
    [InlineData("{$set: {'a.$': 1}}")]
    public void Updates(string update) => AssertRefused(() => UpdateProgram.Parse(LanguageCase.Read(update)));

    [Theory]
    [InlineData("{'a.$': 1}")]
    [InlineData("{a: {$slice: 1}}")]
    [InlineData("{a: {$elemMatch: {b: 1}}}")]
    public void Projections(string projection) => AssertRefused(() => Projection.Parse(LanguageCase.Read(projection).AsBsonDocument));

    [Fact]
    public void Time_zones() => AssertRefused(() => Expression.Parse(
        LanguageCase.Read("{$dateAdd: {startDate: ISODate('2026-01-01T00:00:00Z'), unit: 'day', amount: 1, timezone: 'Europe/Berlin'}}"))
        .Evaluate(new BsonDocument(), new Evaluation(DateTime.UnixEpoch)));

    private static void AssertRefused(Func<object?> parse) =>
        Assert.Equal((238, "NotImplemented"), Assert.Throws<ServerException>(() => { parse(); }) is var e ? (e.Code, e.CodeName) : default);
}
