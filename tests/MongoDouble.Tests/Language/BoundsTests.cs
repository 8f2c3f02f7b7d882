using MongoDB.Bson;
using Relaybox.MongoDouble.Language;
using Relaybox.MongoDouble.Tests.Language.Cases;

namespace Relaybox.MongoDouble.Tests.Language;

public sealed class BoundsTests
{
    private static readonly Evaluation Evaluation = new(new DateTime(2026, 6, 1, 12, 0, 0, DateTimeKind.Utc));

    [Theory]
    [InlineData("{a: 5}", "a in [5]")]
    [InlineData("{a: {$in: [3, 1, 3.0, 2]}}", "a in [1, 2, 3]")]
    [InlineData("{a: {$in: [3, 1, 2]}, $and: [{a: {$gte: 2}}]}", "a in [2, 3]")]
    [InlineData("{a: null}", "a in [null]")]
    [InlineData("{a: {$gt: 5}}", "a (5, Infinity]")]
    [InlineData("{a: {$lte: 5}}", "a [NaN, 5]")]
    [InlineData("{a: {$gt: 1, $lt: 9}}", "a (1, 9)")]
    [InlineData("{a: {$gte: 'x'}}", "a ['x', {})")]
    [InlineData("{$and: [{a: {$gte: 1}}, {b: 2}]}", "a [1, Infinity]; b in [2]")]
    [InlineData("{$expr: {$lte: ['$a', '$$NOW']}}", "a -, ISODate('2026-06-01T12:00:00Z')]")]
    [InlineData("{$expr: {$lte: ['$a', {$subtract: ['$$NOW', 1000]}]}}", "a -, ISODate('2026-06-01T11:59:59Z')]")]
    [InlineData("{$expr: {$gt: [5, '$a']}}", "a -, 5)")]
    [InlineData("{$expr: {$and: [{$gte: ['$a', 1]}, {$eq: ['$b.c', 2]}]}}", "a [1, -; b.c in [2]")]
    [InlineData("{$expr: {$lt: ['$a', null]}}", "a -, null]")]
    [InlineData("{a: {$type: 'date'}, $expr: {$lte: ['$a', '$$NOW']}}", "a -, ISODate('2026-06-01T12:00:00Z')]")]
    [InlineData("{a: {$gte: 1}, $expr: {$lt: ['$a', 9]}}", "a [1, 9)")]
    [InlineData("{$or: [{a: 5}]}", "a in [5]")]
    [InlineData("{$or: [{a: 5}, {b: 5}]}", "")]
    [InlineData("{$expr: {$or: [{$lt: ['$a', 5]}, true]}}", "")]
    [InlineData("{$expr: {$lt: ['$a', '$b']}}", "")]
    [InlineData("{$expr: {$lt: ['$a', {$rand: {}}]}}", "")]
    [InlineData("{a: {$ne: 5}, b: {$exists: true}, c: /x/, d: {$in: [/x/]}, e: {$gt: MinKey}, f: [1]}", "")]
    public void A_filter_bounds_a_field(string filter, string expected)
    {
        var bounds = Filter.Parse(LanguageCase.Read(filter).AsBsonDocument).Bounds(Evaluation);
        Assert.Equal(expected, string.Join("; ", bounds.OrderBy(pair => pair.Key).Select(pair => $"{pair.Key} {Show(pair.Value)}")));
    }

    [Fact]
    public void Every_document_that_a_filter_finds_has_its_key_within_the_bounds()
    {
        var known = ValueOrderValues();
        foreach (var operand in known.Where(value => value is not BsonRegularExpression))
        {
            foreach (var name in new[] { "$eq", "$lt", "$lte", "$gt", "$gte" })
            {
                CheckWithin(new("a", new BsonDocument(name, operand)), known);
                CheckWithin(new("$expr", new BsonDocument(name, new BsonArray { "$a", new BsonDocument("$literal", operand) })), known);
            }
        }
    }

    private static void CheckWithin(BsonDocument specification, List<BsonValue> values)
    {
        var filter = Filter.Parse(specification);
        var bounds = filter.Bounds(Evaluation).GetValueOrDefault("a", new FieldBounds());
        foreach (var document in values.Where(value => value is not BsonArray).Select(value => new BsonDocument("a", value)).Append([]))
        {
            var key = document.GetValue("a", BsonNull.Value);
            Assert.True(!filter.Matches(document, Evaluation) || bounds.Contains(key), $"{specification} finds {document}");
        }
    }

    private static List<BsonValue> ValueOrderValues() =>
    [
        .. LanguageCase.Read(
            "[MinKey, null, NaN, -Infinity, -1, 0, 0.5, NumberLong(7), NumberDecimal('1E+400'), Infinity, '', 'a', {}, {a: 1}, [], [1], "
            + "BinData(0, ''), BinData(5, 'AA=='), ObjectId('000000000000000000000001'), false, true, ISODate('1969-01-01T00:00:00Z'), "
            + "ISODate('2026-06-01T12:00:00Z'), Timestamp(1, 1), /a/, MaxKey]").AsBsonArray,
    ];

    private static string Show(FieldBounds bounds)
    {
        if (bounds.Values is { } values)
        {
            return $"in [{string.Join(", ", values.Select(Show))}]";
        }
        var lower = bounds.Lower is { } low ? $"{(low.Inclusive ? "[" : "(")}{Show(low.Value)}" : "-";
        var upper = bounds.Upper is { } high ? $"{Show(high.Value)}{(high.Inclusive ? "]" : ")")}" : "-";
        return $"{lower}, {upper}";
    }

    private static string Show(BsonValue value) => value switch
    {
        BsonDateTime date => $"ISODate('{date.ToUniversalTime():yyyy-MM-ddTHH:mm:ssZ}')",
        BsonString text => $"'{text.Value}'",
        BsonNull => "null",
        BsonDocument { ElementCount: 0 } => "{}",
        _ => value.ToString()!,
    };
}
