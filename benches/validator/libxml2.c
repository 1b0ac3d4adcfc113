/* Streams messages through libxml2's schema validation, round after round; prints nanoseconds per message and how many are invalid. */
#include <libxml/parser.h>
#include <libxml/xmlschemas.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static void silent(void *context, const char *message, ...) { (void)context; (void)message; }

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

int main(int count, char **arguments) {
    if (count < 4) {
        fprintf(stderr, "usage: libxml2 SCHEMA SECONDS MESSAGE...\n");
        return 2;
    }
    xmlInitParser();
    xmlSetGenericErrorFunc(NULL, silent);
    xmlSchemaParserCtxtPtr parser = xmlSchemaNewParserCtxt(arguments[1]);
    xmlSchemaPtr schema = xmlSchemaParse(parser);
    if (schema == NULL) return 2;
    double seconds = atof(arguments[2]);
    int messages = count - 3;
    char **texts = malloc(sizeof(char *) * (size_t)messages);
    int *lengths = malloc(sizeof(int) * (size_t)messages);
    for (int index = 0; index < messages; index++) {
        FILE *file = fopen(arguments[index + 3], "rb");
        if (file == NULL) return 2;
        fseek(file, 0, SEEK_END);
        lengths[index] = (int)ftell(file);
        rewind(file);
        texts[index] = malloc((size_t)lengths[index]);
        if (fread(texts[index], 1, (size_t)lengths[index], file) != (size_t)lengths[index]) return 2;
        fclose(file);
    }
    xmlSchemaValidCtxtPtr context = xmlSchemaNewValidCtxt(schema);
    xmlSchemaSetValidErrors(context, (xmlSchemaValidityErrorFunc)silent, (xmlSchemaValidityWarningFunc)silent, NULL);
    long rounds = 0, invalid = 0;
    double start = now(), end = start;
    while (end - start < seconds) {
        invalid = 0;
        for (int index = 0; index < messages; index++) {
            xmlParserInputBufferPtr input = xmlParserInputBufferCreateMem(texts[index], lengths[index], XML_CHAR_ENCODING_NONE);
            if (xmlSchemaValidateStream(context, input, XML_CHAR_ENCODING_NONE, NULL, NULL) != 0) invalid++;
        }
        rounds++;
        end = now();
    }
    printf("%.0f %ld\n", (end - start) * 1e9 / (double)(rounds * messages), invalid);
    return 0;
}
