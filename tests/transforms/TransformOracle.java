/* What real Kafka Connect and Debezium make of the records and transforms of cases.json, written to expected.json:
     java -cp 'JARS/*' tests/transforms/TransformOracle.java tests/transforms/cases.json > tests/transforms/expected.json
   JARS is what tools/install_kafka.sh fetches, and for Filter and ContentBasedRouter io.debezium:debezium-scripting,
   org.apache.groovy:groovy and groovy-jsr223 (4.0.21), org.graalvm.js:js-scriptengine and js-language, and of the same
   version (23.1.8) org.graalvm.polyglot:polyglot, org.graalvm.truffle:truffle-api, -compiler and -runtime,
   org.graalvm.regex:regex, org.graalvm.shadowed:icu4j, org.graalvm.sdk:collections, nativeimage and word. */
import com.fasterxml.jackson.databind.*;
import com.fasterxml.jackson.databind.node.*;
import java.nio.charset.StandardCharsets;
import java.util.*;
import org.apache.kafka.connect.data.*;
import org.apache.kafka.connect.header.*;
import org.apache.kafka.connect.json.JsonConverter;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.transforms.Transformation;

public class TransformOracle {
    static final ObjectMapper MAPPER = new ObjectMapper();
    static final JsonConverter CONVERTER = new JsonConverter();

    static SchemaAndValue read(JsonNode node) throws Exception {
        if (node == null || node.isNull()) return SchemaAndValue.NULL;
        return CONVERTER.toConnectData("t", MAPPER.writeValueAsBytes(node));
    }

    static JsonNode write(Schema schema, Object value) throws Exception {
        byte[] bytes = CONVERTER.fromConnectData("t", schema, value);
        return bytes == null ? NullNode.getInstance() : TextNode.valueOf(new String(bytes, StandardCharsets.UTF_8));
    }

    static SourceRecord record(JsonNode from) throws Exception {
        SchemaAndValue key = read(from.get("key")), value = read(from.get("value"));
        ConnectHeaders headers = new ConnectHeaders();
        if (from.has("headers"))
            for (JsonNode header : from.get("headers")) {
                SchemaAndValue content = read(header.get(1));
                headers.add(header.get(0).asText(), content.value(), content.schema());
            }
        Long timestamp = from.has("timestamp") ? from.get("timestamp").asLong() : null;
        String topic = from.has("topic") ? from.get("topic").asText() : "srv.db.t";
        return new SourceRecord(Map.of(), Map.of(), topic, null, key.schema(), key.value(), value.schema(), value.value(), timestamp, headers);
    }

    @SuppressWarnings("unchecked")
    static ObjectNode outcome(JsonNode one, JsonNode records) {
        ObjectNode out = MAPPER.createObjectNode();
        try {
            Map<String, String> options = new HashMap<>();
            one.get("options").fields().forEachRemaining(o -> options.put(o.getKey(), o.getValue().asText()));
            Transformation<SourceRecord> transform = (Transformation<SourceRecord>) Class.forName(one.get("type").asText()).getDeclaredConstructor().newInstance();
            transform.configure(options);
            SourceRecord made = transform.apply(record(records.get(one.get("record").asText())));
            if (made == null) return out.put("dropped", true);
            out.put("topic", made.topic());
            if (one.has("brief")) return out; // what it leaves as it is
            if (made.kafkaPartition() != null) out.put("partition", made.kafkaPartition());
            if (made.timestamp() != null) out.put("timestamp", made.timestamp());
            out.set("key", write(made.keySchema(), made.key()));
            out.set("value", write(made.valueSchema(), made.value()));
            ArrayNode headers = out.putArray("headers");
            for (Header header : made.headers()) headers.addArray().add(header.key()).add(write(header.schema(), header.value()));
            return out;
        } catch (Throwable fault) {
            return MAPPER.createObjectNode().put("error", String.valueOf(fault.getMessage()));
        }
    }

    public static void main(String[] args) throws Exception {
        CONVERTER.configure(Map.of("schemas.enable", "true", "replace.null.with.default", "false"), false);
        JsonNode all = MAPPER.readTree(new java.io.File(args[0]));
        System.out.println("{");
        Iterator<JsonNode> cases = all.get("cases").iterator();
        while (cases.hasNext()) {
            JsonNode one = cases.next();
            System.out.println(MAPPER.writeValueAsString(one.get("name")) + ": " + MAPPER.writeValueAsString(outcome(one, all.get("records"))) + (cases.hasNext() ? "," : ""));
        }
        System.out.println("}");
    }
}
