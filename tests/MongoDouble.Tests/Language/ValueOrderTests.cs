using MongoDB.Bson;
using Relaybox.MongoDouble.Language;
using Relaybox.MongoDouble.Tests.Language.Cases;

namespace Relaybox.MongoDouble.Tests.Language;

public sealed class ValueOrderTests
{
    /// <summary>From the least to the greatest, one of each kind at least; those in one array are equal.</summary>
    private static readonly string[][] Ascending =
    [
        ["MinKey"],
        ["null"],
        ["NaN", "NumberDecimal('NaN')"],
        ["-Infinity", "NumberDecimal('-Infinity')"],
        ["NumberLong('-9223372036854775808')", "-9223372036854775808.0"],
        ["-1", "-1.0", "NumberLong(-1)", "NumberDecimal('-1.00')"],
        ["0", "-0.0", "NumberDecimal('0')", "NumberDecimal('-0E+3')"],
        ["NumberDecimal('0.1')"],
        ["0.1"],
        ["1", "1.0"],
        ["9007199254740992.0", "NumberLong('9007199254740992')"],
        ["NumberLong('9007199254740993')", "NumberDecimal('9007199254740993')"],
        ["NumberLong('9223372036854775807')"],
        ["9223372036854775808.0"],
        ["NumberDecimal('1E+400')"],
        ["Infinity", "NumberDecimal('Infinity')"],
        ["''"],
        ["'A'"],
        ["'a'"],
        ["'aa'"],
        ["'á'"],
        ["'\uffee'"],
        ["'\U0001f600'"],
        ["{}"],
        ["{a: 1}", "{a: 1.0}"],
        ["{a: 1, b: 1}"],
        ["{a: 2}"],
        ["{b: 1}"],
        ["{a: 's'}"],
        ["[]"],
        ["[1]"],
        ["[1, 2]"],
        ["[2]"],
        ["BinData(0, '')"],
        ["BinData(0, '/w==')"],
        ["BinData(5, 'AA==')"],
        ["BinData(0, 'AAA=')"],
        ["ObjectId('000000000000000000000001')"],
        ["ObjectId('ff0000000000000000000000')"],
        ["false"],
        ["true"],
        ["ISODate('1969-01-01T00:00:00Z')"],
        ["ISODate('2026-01-01T00:00:00Z')"],
        ["Timestamp(1, 1)"],
        ["Timestamp(1, 2)"],
        ["/a/"],
        ["/a/i"],
        ["/b/"],
        ["MaxKey"],
    ];

    [Fact]
    public void Values_of_all_types_have_the_order_of_bson()
    {
        var values = Ascending.SelectMany((group, rank) => group.Select(text => (Text: text, Rank: rank, Value: LanguageCase.Read(text)))).ToList();
        var wrong =
            from left in values
            from right in values
            where Math.Sign(ValueOrder.Instance.Compare(left.Value, right.Value)) != Math.Sign(left.Rank.CompareTo(right.Rank))
            select $"{left.Text} and {right.Text}";
        Assert.Empty(wrong);
    }

    [Fact]
    public void Equal_values_have_equal_hashes() => Assert.All(
        Ascending, group => Assert.Single(group.Select(text => ValueOrder.Instance.GetHashCode(LanguageCase.Read(text))).Distinct()));

    [Fact]
    public void What_is_missing_is_below_null_and_above_min_key()
    {
        Assert.True(ValueOrder.Instance.Compare(null, BsonNull.Value) < 0);
        Assert.True(ValueOrder.Instance.Compare(null, BsonMinKey.Value) > 0);
    }
}
