using Relaybox.Local.Stack;
using Relaybox.Local.Template;

namespace Relaybox.Local.Tests.Template;

public class StackLoaderTests
{
    [Fact]
    public void A_function_has_the_globals_and_its_own_word_wins()
    {
        var function = Load("""
            Globals:
              Function:
                Handler: Shared
                Timeout: 7
                Environment: {Variables: {A: global, B: global}}
            Resources:
              One:
                Type: AWS::Serverless::Function
                Properties:
                  MemorySize: 512
                  Environment: {Variables: {B: own, C: own}}
            """).Functions.Single();

        Assert.Equal(("Shared", 7, 512), (function.Handler, function.TimeoutSeconds, function.MemorySize));
        Assert.Equal(new Dictionary<string, string> { ["A"] = "global", ["B"] = "own", ["C"] = "own" }, function.Environment);
        Assert.Equal("One", function.ShortName);
    }

    [Fact]
    public void A_resource_whose_condition_is_false_is_not_there()
    {
        var stack = Load("""
            Conditions:
              Never: !Equals [a, b]
            Resources:
              Queue: {Type: AWS::SQS::Queue, Condition: Never}
              Other: {Type: AWS::SQS::Queue}
            """);
        Assert.Equal("Other", stack.Queues.Single().LogicalId);
    }

    [Fact]
    public void Event_sources_have_the_defaults_of_SAM()
    {
        var events = Load("""
            Resources:
              Table:
                Type: AWS::DynamoDB::Table
                Properties: {StreamSpecification: {StreamViewType: NEW_IMAGE}}
              Queue: {Type: AWS::SQS::Queue}
              One:
                Type: AWS::Serverless::Function
                Properties:
                  Handler: x
                  Events:
                    S: {Type: DynamoDB, Properties: {Stream: !GetAtt Table.StreamArn, StartingPosition: LATEST}}
                    Q: {Type: SQS, Properties: {Queue: !GetAtt Queue.Arn}}
                    T: {Type: ScheduleV2, Properties: {ScheduleExpression: rate(1 minute)}}
            """).Functions.Single().Events;

        Assert.Equal(
            [
                new StreamEventDefinition("S", "stack-Table", false, 100, 0, false, false, -1, -1, null, []) with
                {
                    FilterPatterns = ((StreamEventDefinition)events[0]).FilterPatterns,
                },
                new QueueEventDefinition(
                    "Q", "arn:aws:sqs:eu-central-2:000000000000:stack-Queue", 10, 0, false, null, ((QueueEventDefinition)events[1]).FilterPatterns),
                new ScheduleEventDefinition("T", "rate(1 minute)", "UTC", null),
            ],
            events);
        Assert.Empty(((StreamEventDefinition)events[0]).FilterPatterns);
    }

    [Fact]
    public void What_is_not_played_is_said()
    {
        var stack = Load("""
            Resources:
              One:
                Type: AWS::Serverless::Function
                Properties:
                  Handler: x
                  Events:
                    Web: {Type: HttpApi}
                    Off: {Type: SQS, Properties: {Queue: q, Enabled: false}}
            """);
        Assert.Equal(["One: event Web of type HttpApi is not played here.", "One: event Off is disabled."], stack.Notes);
        Assert.Empty(stack.Functions.Single().Events);
    }

    [Fact]
    public void A_missing_handler_is_named_with_its_line() =>
        Assert.Equal(
            "line 3: Handler is missing.",
            Assert.Throws<TemplateException>(() => Load("Resources:\n  One:\n    Type: AWS::Serverless::Function\n")).Message);

    private static StackDefinition Load(string yaml) =>
        StackLoader.Load(yaml, new StackOptions("stack", new Uri("http://127.0.0.1:9/"), new Dictionary<string, string>()));
}
