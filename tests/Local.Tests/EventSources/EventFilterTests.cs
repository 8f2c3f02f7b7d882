using System.Text.Json.Nodes;
using Relaybox.Local.EventSources;

namespace Relaybox.Local.Tests.EventSources;

public class EventFilterTests
{
    private const string Record = """
        {
          "eventName":"INSERT","dynamodb":{"NewImage":{"status":{"S":"pending"},"count":{"N":"5"}}},
          "size":5,"flag":true,"none":null,"tags":["red","blue"]
        }
        """;

    [Theory]
    [InlineData("""{"eventName":["INSERT"]}""", true)]
    [InlineData("""{"eventName":["MODIFY"]}""", false)]
    [InlineData("""{"eventName":["MODIFY","INSERT"]}""", true)]
    [InlineData("""{"eventName":["INSERT"],"dynamodb":{"NewImage":{"status":{"S":["pending"]}}}}""", true)]
    [InlineData("""{"eventName":["INSERT"],"dynamodb":{"NewImage":{"status":{"S":["sent"]}}}}""", false)]
    [InlineData("""{"dynamodb":{"OldImage":{"status":{"S":["sent"]}}}}""", false)]
    [InlineData("""{"dynamodb":{"NewImage":{"status":{"S":[{"prefix":"pend"}]}}}}""", true)]
    [InlineData("""{"dynamodb":{"NewImage":{"status":{"S":[{"suffix":"sent"}]}}}}""", false)]
    [InlineData("""{"dynamodb":{"NewImage":{"status":{"S":[{"equals-ignore-case":"PENDING"}]}}}}""", true)]
    [InlineData("""{"dynamodb":{"NewImage":{"status":{"S":[{"anything-but":["sent","failed"]}]}}}}""", true)]
    [InlineData("""{"dynamodb":{"NewImage":{"status":{"S":[{"anything-but":"pending"}]}}}}""", false)]
    [InlineData("""{"dynamodb":{"NewImage":{"status":{"S":[{"anything-but":{"prefix":"pen"}}]}}}}""", false)]
    [InlineData("""{"absent":[{"anything-but":"x"}]}""", false)]
    [InlineData("""{"dynamodb":{"NewImage":{"dueShard":{"S":[{"exists":false}]}}}}""", true)]
    [InlineData("""{"dynamodb":{"NewImage":{"status":{"S":[{"exists":true}]}}}}""", true)]
    [InlineData("""{"dynamodb":{"NewImage":[{"exists":true}]}}""", false)]
    [InlineData("""{"size":[{"numeric":["=",5]}]}""", true)]
    [InlineData("""{"size":[{"numeric":[">",1,"<=",5]}]}""", true)]
    [InlineData("""{"size":[{"numeric":[">",1,"<",5]}]}""", false)]
    [InlineData("""{"dynamodb":{"NewImage":{"count":{"N":[{"numeric":["=",5]}]}}}}""", false)]
    [InlineData("""{"size":[5]}""", true)]
    [InlineData("""{"size":["5"]}""", false)]
    [InlineData("""{"flag":[true]}""", true)]
    [InlineData("""{"none":[null]}""", true)]
    [InlineData("""{"absent":[null]}""", false)]
    [InlineData("""{"tags":["blue"]}""", true)]
    [InlineData("""{"tags":["green"]}""", false)]
    public void A_record_passes_when_its_pattern_matches(string pattern, bool passes) =>
        Assert.Equal(passes, EventFilter.Parse([pattern]).Passes(JsonNode.Parse(Record)!.AsObject()));

    [Fact]
    public void Any_of_several_patterns_is_enough()
    {
        var record = JsonNode.Parse(Record)!.AsObject();
        Assert.True(EventFilter.Parse(["""{"size":[1]}""", """{"size":[5]}"""]).Passes(record));
        Assert.True(EventFilter.Parse([]).Passes(record));
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("[]")]
    [InlineData("""{"a":"b"}""")]
    [InlineData("""{"a":[]}""")]
    [InlineData("""{"a":[{"cidr":"10.0.0.0/8"}]}""")]
    public void A_pattern_that_would_be_misread_is_refused(string pattern) =>
        Assert.Throws<RunnerException>(() => EventFilter.Parse([pattern]));
}
