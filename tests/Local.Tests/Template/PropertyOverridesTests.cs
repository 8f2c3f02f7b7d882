using Relaybox.Local.Stack;

namespace Relaybox.Local.Tests.Template;

public class PropertyOverridesTests
{
    private const string Yaml = """
        Parameters:
          Wait: {Type: Number, Default: 30}
        Resources:
          Queue:
            Type: AWS::SQS::Queue
            Properties:
              VisibilityTimeout: !Ref Wait
              RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 10}
          Dead: {Type: AWS::SQS::Queue}
        """;

    [Fact]
    public void A_value_takes_the_place_of_the_template_s_and_its_neighbours_stay()
    {
        var queue = Load(new() { ["Queue.RedrivePolicy.maxReceiveCount"] = "1000", ["Queue.VisibilityTimeout"] = "5" }).Queue("Queue")!;

        Assert.Contains("\"maxReceiveCount\":1000", queue.Attributes["RedrivePolicy"], StringComparison.Ordinal);
        Assert.EndsWith(":stack-Dead", queue.DeadLetterTargetArn, StringComparison.Ordinal);
        Assert.Equal("5", queue.Attributes["VisibilityTimeout"]);
    }

    [Theory]
    [InlineData("Queue.RedrivePolicy.receives")]
    [InlineData("Queue.VisibilityTimeout.Seconds")]
    [InlineData("Other.VisibilityTimeout")]
    public void A_path_that_the_template_does_not_have_is_refused(string path) =>
        Assert.StartsWith(
            $"{path}: the template has no such property.",
            Assert.Throws<RunnerException>(() => Load(new() { [path] = "1" })).Message,
            StringComparison.Ordinal);

    private static StackDefinition Load(Dictionary<string, string> properties) => StackLoader.Load(
        Yaml, new StackOptions("stack", new Uri("http://127.0.0.1:9/"), new Dictionary<string, string>()) { Properties = properties });
}
