using MongoDB.Bson;
using Relaybox.MongoDouble.Language.Values;

namespace Relaybox.MongoDouble.Language.Expressions;

/// <summary>Arithmetic with dates in UTC. Time zones are not in the double.</summary>
internal static class DateOperators
{
    private static readonly NamedArguments AddArguments = new(["startDate", "unit", "amount"], ["timezone"], 5166400, 5166401, 5166402);
    private static readonly NamedArguments DiffArguments =
        new(["startDate", "endDate", "unit"], ["timezone", "startOfWeek"], 5166301, 5166302, 5166303);
    private static readonly NamedArguments TruncArguments =
        new(["date", "unit"], ["binSize", "timezone", "startOfWeek"], 5439007, 5439008, 5439009);

    public static IEnumerable<KeyValuePair<string, OperatorParser>> All =>
    [
        Operator.Named("$dateAdd", AddArguments, named => Add("$dateAdd", named, 1)),
        Operator.Named("$dateSubtract", AddArguments, named => Add("$dateSubtract", named, -1)),
        Operator.Named("$dateDiff", DiffArguments, Diff),
        Operator.Named("$dateTrunc", TruncArguments, Trunc),
    ];

    private static BsonValue Add(string name, IReadOnlyDictionary<string, BsonValue?> named, int sign)
    {
        if (named.Values.Any(BsonTypes.IsNullish))
        {
            return BsonNull.Value;
        }
        var start = Moment(named["startDate"], 5166403, $"{name} requires startDate to be convertible to a date");
        var unit = DateUnits.Parse(named["unit"], Errors.Location(5166404, $"{name} expects string defining the time unit"));
        CheckZone(named);
        if (!Numbers.TryWhole(named["amount"], out var amount))
        {
            throw Errors.Location(5166405, $"{name} expects integer amount of time units");
        }
        try
        {
            return DateUnits.ToBson(DateUnits.Add(start, unit, checked(amount * sign)));
        }
        catch (Exception e) when (e is OverflowException or ArgumentOutOfRangeException)
        {
            throw Errors.Location(5166406, $"{name} overflowed");
        }
    }

    private static BsonValue Diff(IReadOnlyDictionary<string, BsonValue?> named)
    {
        if (named.Values.Any(BsonTypes.IsNullish))
        {
            return BsonNull.Value;
        }
        var start = Moment(named["startDate"], 5166307, "$dateDiff requires 'startDate' to be a date");
        var end = Moment(named["endDate"], 5166307, "$dateDiff requires 'endDate' to be a date");
        var unit = DateUnits.Parse(named["unit"], Errors.Location(5439013, "$dateDiff requires 'unit' to be a string"));
        CheckZone(named);
        var week = DateUnits.StartOfWeek(named.GetValueOrDefault("startOfWeek"));
        return new BsonInt64(DateUnits.Index(end, unit, week) - DateUnits.Index(start, unit, week));
    }

    private static BsonValue Trunc(IReadOnlyDictionary<string, BsonValue?> named)
    {
        if (named.Values.Any(BsonTypes.IsNullish))
        {
            return BsonNull.Value;
        }
        var date = Moment(named["date"], 5439012, "$dateTrunc requires 'date' to be a date");
        var unit = DateUnits.Parse(named["unit"], Errors.Location(5439013, "$dateTrunc requires 'unit' to be a string"));
        CheckZone(named);
        var size = 1L;
        if (named.TryGetValue("binSize", out var given) && (!Numbers.TryWhole(given, out size) || size < 1))
        {
            throw Errors.Location(5439017, "$dateTrunc requires 'binSize' to be a 64-bit integer greater than 0");
        }
        return DateUnits.ToBson(DateUnits.Truncate(date, unit, size, DateUnits.StartOfWeek(named.GetValueOrDefault("startOfWeek"))));
    }

    private static void CheckZone(IReadOnlyDictionary<string, BsonValue?> named)
    {
        if (named.TryGetValue("timezone", out var zone) && zone is not BsonString { Value: "UTC" or "GMT" or "Etc/UTC" or "Z" or "+00:00" })
        {
            throw Errors.NotInDouble("time zones but UTC");
        }
    }

    private static DateTime Moment(BsonValue? value, int code, string message) => value switch
    {
        BsonDateTime date => date.ToUniversalTime(),
        BsonTimestamp timestamp => DateTime.UnixEpoch.AddSeconds(timestamp.Timestamp),
        BsonObjectId id => id.Value.CreationTime,
        _ => throw Errors.Location(code, $"{message}, but got {BsonTypes.Name(value)}"),
    };
}
