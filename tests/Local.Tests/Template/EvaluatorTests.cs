using System.Text.Json.Nodes;
using Relaybox.Local.Template;

namespace Relaybox.Local.Tests.Template;

public class EvaluatorTests
{
    private const string Head = """
        Parameters:
          Name: {Type: String, Default: orders}
          Names: {Type: CommaDelimitedList, Default: 'a, b'}
        Mappings:
          Sizes:
            small: {memory: '128'}
        Conditions:
          IsOrders: !Equals [!Ref Name, orders]
          IsOther: !Not [!Condition IsOrders]
          Both: !And [!Condition IsOrders, !Condition IsOther]
          Either: !Or [!Condition IsOrders, !Condition IsOther]
          Circular: !Condition Circular
        Resources:
          Table:
            Type: AWS::DynamoDB::Table
            Properties: {TableName: !Sub '${AWS::StackName}-${Name}'}
          Queue: {Type: AWS::SQS::Queue}
          Ordered:
            Type: AWS::SQS::Queue
            Properties: {FifoQueue: true}
          Role: {Type: AWS::IAM::Role}
        Value:
        """;

    [Theory]
    [InlineData("!Ref Name", "\"orders\"")]
    [InlineData("{Ref: Name}", "\"orders\"")]
    [InlineData("!Ref Names", "[\"a\",\"b\"]")]
    [InlineData("!Ref Table", "\"stack-orders\"")]
    [InlineData("!Ref Queue", "\"http://127.0.0.1:9/000000000000/stack-Queue\"")]
    [InlineData("!Ref Ordered", "\"http://127.0.0.1:9/000000000000/stack-Ordered.fifo\"")]
    [InlineData("!Ref AWS::Partition", "\"aws\"")]
    [InlineData("!GetAtt Queue.Arn", "\"arn:aws:sqs:eu-central-2:000000000000:stack-Queue\"")]
    [InlineData("{'Fn::GetAtt': [Queue, QueueName]}", "\"stack-Queue\"")]
    [InlineData("!GetAtt Table.StreamArn", "\"arn:aws:dynamodb:eu-central-2:000000000000:table/stack-orders/stream/latest\"")]
    [InlineData("!GetAtt Role.Arn", "\"arn:aws:iam:eu-central-2:000000000000:Role\"")]
    [InlineData("!Sub '${Name}/${Queue.QueueName}/${!Literal}'", "\"orders/stack-Queue/${Literal}\"")]
    [InlineData("!Sub ['${Name}-${Extra}', {Extra: !Ref Name}]", "\"orders-orders\"")]
    [InlineData("!Join ['-', [a, !Ref Name]]", "\"a-orders\"")]
    [InlineData("!Join ['+', !Ref Names]", "\"a+b\"")]
    [InlineData("!Select [1, !Ref Names]", "\"b\"")]
    [InlineData("!Select [0, !Split ['/', 'x/y']]", "\"x\"")]
    [InlineData("!FindInMap [Sizes, small, memory]", "\"128\"")]
    [InlineData("!If [IsOrders, yes, no]", "\"yes\"")]
    [InlineData("!If [IsOther, yes, no]", "\"no\"")]
    [InlineData("!If [Both, yes, no]", "\"no\"")]
    [InlineData("!If [Either, yes, no]", "\"yes\"")]
    [InlineData("[a, !Ref AWS::NoValue, b]", "[\"a\",\"b\"]")]
    [InlineData("{a: 1, b: !If [IsOther, 2, !Ref AWS::NoValue]}", "{\"a\":\"1\"}")]
    [InlineData("{a: true, b: 'true', c: 5}", "{\"a\":\"true\",\"b\":\"true\",\"c\":\"5\"}")]
    public void A_value_evaluates_as_in_CloudFormation(string yaml, string json) =>
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(json), Evaluate(yaml)), $"{Evaluate(yaml)?.ToJsonString()} is not {json}");

    [Theory]
    [InlineData("!ImportValue other", "line 22: !ImportValue is not supported by the local runner.")]
    [InlineData("!Ref Nothing", "line 22: !Ref Nothing: no parameter or resource has that name.")]
    [InlineData("!GetAtt Nothing.Arn", "line 22: !GetAtt Nothing.Arn: no such resource, or no such attribute of its type here.")]
    [InlineData("!Sub '${Nothing}'", "line 22: !Ref Nothing: no parameter or resource has that name.")]
    [InlineData("!If [Nothing, a, b]", "line 22: There is no condition Nothing.")]
    [InlineData("!Join [a]", "line 22: !Join takes 2 arguments, not 1.")]
    [InlineData("!Select [5, !Ref Names]", "line 22: !Select: the list has no element 5.")]
    public void What_cannot_be_evaluated_is_named_with_its_line(string yaml, string message) =>
        Assert.Equal(message, Assert.Throws<TemplateException>(() => Evaluate(yaml)).Message);

    [Fact]
    public void A_condition_that_refers_to_itself_ends_with_an_error() =>
        Assert.Contains(
            "refers to itself", Assert.Throws<TemplateException>(() => Evaluate("!If [Circular, a, b]")).Message, StringComparison.Ordinal);

    [Fact]
    public void Yaml_that_cannot_be_read_is_named_with_its_line() =>
        Assert.Equal(3, Assert.Throws<TemplateException>(() => TemplateReader.Read("a: b\nc: [")).Line);

    private static JsonNode? Evaluate(string yaml)
    {
        var template = TemplateReader.Read($"{Head} {yaml}\n");
        var names = new ResourceNames(template.Section("Resources"), "stack", new Uri("http://127.0.0.1:9/"));
        return new Evaluator(template, ParameterValues.Resolve(template, new Dictionary<string, string>()), names).Evaluate(template["Value"]);
    }
}
