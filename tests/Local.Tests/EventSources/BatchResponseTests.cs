using System.Text;
using Relaybox.Local.EventSources;

namespace Relaybox.Local.Tests.EventSources;

/// <summary>The table of AWS's "Reporting batch item failures".</summary>
public class BatchResponseTests
{
    [Theory]
    [InlineData("")]
    [InlineData("  \n")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{"batchItemFailures":null}""")]
    [InlineData("""{"batchItemFailures":[]}""")]
    [InlineData("""{"BatchItemFailures":[{"ItemIdentifier":"a"}]}""")]
    [InlineData("""{"something":"else"}""")]
    public void Success_of_all(string json)
    {
        var response = Parse(json);
        Assert.Null(response.WholeBatchFailed);
        Assert.Empty(response.FailedItems);
    }

    [Theory]
    [InlineData("""{"batchItemFailures":[{"itemIdentifier":""}]}""")]
    [InlineData("""{"batchItemFailures":[{"itemIdentifier":null}]}""")]
    [InlineData("""{"batchItemFailures":[{"itemIdentifier":1}]}""")]
    [InlineData("""{"batchItemFailures":[{"ItemIdentifier":"a"}]}""")]
    [InlineData("""{"batchItemFailures":[{"itemIdentifier":"a"},{}]}""")]
    [InlineData("""{"batchItemFailures":["a"]}""")]
    [InlineData("""{"batchItemFailures":[{"itemIdentifier":"unknown"}]}""")]
    [InlineData("""{"batchItemFailures":"a"}""")]
    [InlineData("\"done\"")]
    [InlineData("[]")]
    [InlineData("{")]
    public void Failure_of_all(string json) => Assert.NotNull(Parse(json).WholeBatchFailed);

    [Fact]
    public void Failure_of_those_that_are_named()
    {
        var response = Parse("""{"batchItemFailures":[{"itemIdentifier":"b"},{"itemIdentifier":"b"}]}""");
        Assert.Null(response.WholeBatchFailed);
        Assert.Equal(["b"], response.FailedItems);
    }

    private static BatchResponse Parse(string json) => BatchResponse.Parse(Encoding.UTF8.GetBytes(json), new HashSet<string> { "a", "b" });
}
