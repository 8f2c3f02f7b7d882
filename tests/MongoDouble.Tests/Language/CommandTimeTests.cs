using MongoDB.Bson;
using Relaybox.MongoDouble.Language;
using Relaybox.MongoDouble.Language.Expressions;
using Relaybox.MongoDouble.Tests.Language.Cases;

namespace Relaybox.MongoDouble.Tests.Language;

/// <summary>What a command fixes: its time, its array filters, its randomness.</summary>
public sealed class CommandTimeTests
{
    private static readonly DateTime Now = new(2026, 6, 1, 12, 0, 0, 250, DateTimeKind.Utc);
    private static readonly Evaluation Evaluation = new(Now);

    [Fact]
    public void Now_is_one_time_for_the_whole_command()
    {
        var pipeline = Pipeline.Parse(LanguageCase.Read("[{$set: {a: '$$NOW'}}, {$set: {b: {$add: ['$$NOW', 1000]}}}]").AsBsonArray);
        var result = pipeline.Run([[]], Evaluation).Single();
        Assert.Equal(new BsonDateTime(Now), result["a"]);
        Assert.Equal(new BsonDateTime(Now.AddSeconds(1)), result["b"]);
    }

    [Fact]
    public void Current_date_is_the_commands_time_as_date_or_timestamp()
    {
        var update = UpdateProgram.Parse(LanguageCase.Read("{$currentDate: {a: true, b: {$type: 'date'}, c: {$type: 'timestamp'}}}"));
        var timestamp = new BsonTimestamp(77, 3);
        var result = update.Apply(new("_id", 1), inserting: false, Evaluation with { Timestamp = timestamp });
        Assert.Equal([new BsonInt32(1), new BsonDateTime(Now), new BsonDateTime(Now), timestamp], result.Values);
    }

    [Fact]
    public void Current_date_of_another_type_is_refused() =>
        Assert.Equal(2, Assert.Throws<ServerException>(() => UpdateProgram.Parse(LanguageCase.Read("{$currentDate: {a: 5}}"))).Code);

    [Fact]
    public void Rand_differs_from_document_to_document()
    {
        var expression = Expression.Parse(LanguageCase.Read("{$rand: {}}"));
        var numbers = Enumerable.Range(0, 20).Select(_ => expression.Evaluate([], Evaluation)!.AsDouble).ToList();
        Assert.All(numbers, number => Assert.InRange(number, 0, 1));
        Assert.True(numbers.Distinct().Count() > 1);
    }

    [Fact]
    public void Array_filters_choose_elements()
    {
        var filters = LanguageCase.Read("[{'e.x': {$gt: 1}}, {v: 5}]").AsBsonArray;
        var update = UpdateProgram.Parse(LanguageCase.Read("{$set: {'a.$[e].y': true, 'b.$[v]': 0}}"), filters);
        var result = update.Apply(LanguageCase.Read("{_id: 1, a: [{x: 1}, {x: 2}], b: [5, 6]}").AsBsonDocument, inserting: false, Evaluation);
        Assert.Equal(LanguageCase.Read("{_id: 1, a: [{x: 1}, {x: 2, y: true}], b: [0, 6]}"), result);
    }

    [Fact]
    public void An_array_filter_that_is_not_used_is_refused() => Assert.Equal(9, Assert.Throws<ServerException>(
        () => UpdateProgram.Parse(LanguageCase.Read("{$set: {a: 1}}"), LanguageCase.Read("[{e: 1}]").AsBsonArray)).Code);

    [Fact]
    public void Set_on_insert_acts_on_inserts_alone()
    {
        var update = UpdateProgram.Parse(LanguageCase.Read("{$setOnInsert: {a: 1}, $set: {b: 2}}"));
        Assert.Equal(LanguageCase.Read("{_id: 1, a: 1, b: 2}"), update.Apply(new("_id", 1), inserting: true, Evaluation));
        Assert.Equal(LanguageCase.Read("{_id: 1, b: 2}"), update.Apply(new("_id", 1), inserting: false, Evaluation));
    }

    [Theory]
    [InlineData("{$set: {a: 1}}", false, false)]
    [InlineData("{a: 1}", true, false)]
    [InlineData("[{$set: {a: 1}}]", false, true)]
    public void An_update_knows_its_kind(string program, bool isReplacement, bool isPipeline)
    {
        var update = UpdateProgram.Parse(LanguageCase.Read(program));
        Assert.Equal((isReplacement, isPipeline), (update.IsReplacement, update.IsPipeline));
    }
}
